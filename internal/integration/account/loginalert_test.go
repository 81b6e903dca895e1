package account_test

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
)

const (
	alertKind = "account/login_from_new_device"
	phone1    = "Example/1.2 (Phone; OS 17.1)"
	usedAlert = "key:invalid_or_expired_key"
)

// alerts is a server with login alerts, and the events about devices.
type alerts struct {
	*clienttest.Server
	t    *testing.T
	mu   sync.Mutex
	list []authn.EventDetails
}

func startAlerts(t *testing.T, edit ...func(cfg *allauth.Config)) *alerts {
	t.Helper()
	return startAlertsOn(t, clienttest.Open(t), edit...)
}

func startAlertsOn(t *testing.T, store storage.Store, edit ...func(cfg *allauth.Config)) *alerts {
	t.Helper()
	a := &alerts{t: t}
	a.Server = clienttest.StartOn(t, store, append([]func(cfg *allauth.Config){func(cfg *allauth.Config) {
		cfg.Account.LoginAlerts = true
		cfg.OnEvent = func(_ context.Context, e authn.Event) {
			a.mu.Lock()
			defer a.mu.Unlock()
			switch e.Details.(type) {
			case sessions.NewDevice, sessions.LoginDisowned:
				a.list = append(a.list, e.Details)
			}
		}
	}}, edit...)...)
	return a
}

// published reports an error unless these are the events since the last call.
func (a *alerts) published(want ...authn.EventDetails) {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Equal(a.list, want) {
		a.t.Errorf("published %v, want %v", a.list, want)
	}
	a.list = nil
}

// mailed returns the number of events of mails since the last call of published.
func (a *alerts) mailed() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.list {
		if e == (sessions.NewDevice{Alerted: true}) {
			n++
		}
	}
	return n
}

// logsIn logs in Ann, and reports whether she was mailed about it.
func (a *alerts) logsIn(c *clienttest.Client) (alerted bool) {
	a.t.Helper()
	before := a.mailed()
	c.Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
	return a.mailed() > before
}

// again logs out and in again.
func (a *alerts) again(c *clienttest.Client) (alerted bool) {
	a.t.Helper()
	c.Delete("auth/session", nil).Status(401)
	c.Token = ""
	return a.logsIn(c)
}

// from returns a client with an IP address and a user agent.
func (a *alerts) from(kind clienttest.Kind, address, userAgent string) *clienttest.Client {
	c := a.Client(kind)
	c.Address, c.Header = netip.MustParseAddr(address), http.Header{"User-Agent": {userAgent}}
	return c
}

// shows returns the alert that belongs to the key.
func shows(c *clienttest.Client, key string) *clienttest.Answer {
	header := c.Header
	defer func() { c.Header = header }()
	c.Header = http.Header{"X-Login-Alert-Key": {key}}
	return c.Get("account/login-alert")
}

// since returns the types of what was added since a login.
func since(a *clienttest.Answer) string {
	var types []string
	list, _ := a.Value("data", "since").([]any)
	for _, one := range list {
		member := one.(map[string]any)
		text := member["type"].(string)
		if name, _ := member["name"].(string); name != "" && text != "session" {
			text += " " + name
		}
		types = append(types, text)
	}
	return strings.Join(types, ", ")
}

func TestAlertsOfBrowsers(t *testing.T) {
	t.Parallel()
	a := startAlerts(t)
	own := a.SignUp(clienttest.Browser, ann)
	if a.again(own) {
		t.Error("a mail about the browser of the sign-up")
	}
	a.published()
	other := a.from(clienttest.Browser, "192.0.2.77", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if !a.logsIn(other) {
		t.Fatal("no mail about another browser")
	}
	a.published(sessions.NewDevice{Alerted: true})
	mail := a.MailOf(alertKind, ann)
	for _, text := range []string{"192.0.2.77", "Firefox on Linux", "/account/login-alert/", "7 days"} {
		if !strings.Contains(mail.Message.Text, text) {
			t.Errorf("the mail does not have %q:\n%s", text, mail.Message.Text)
		}
	}
	if a.again(other) || a.again(own) {
		t.Error("a mail about a known browser")
	}
	a.Clock.Advance(181 * 24 * time.Hour)
	if !a.logsIn(other) {
		t.Error("no mail about a browser that was not used for half a year")
	}
	if a.logsIn(a.from(clienttest.Browser, "192.0.2.77", "x")) != true {
		t.Error("no mail about a browser in a known network")
	}
}

// An app is known by its name and its network.
func TestAlertsOfApps(t *testing.T) {
	t.Parallel()
	a := startAlerts(t)
	own := a.from(clienttest.App, "192.0.2.1", phone1)
	own.Post("auth/signup", body{"email": ann, "password": password}).Status(401)
	own.Post("auth/email/verify", body{"key": a.Mail(ann).Key()})
	if a.logsIn(own) || a.again(own) {
		t.Error("a mail about the first login, or the next one")
	}
	for _, c := range []struct {
		address, userAgent string
		alerted            bool
	}{
		{"192.0.2.99", strings.ReplaceAll(phone1, "1", "2"), false}, // an update, in the same network
		{"192.0.3.1", phone1, true},
		{"192.0.3.2", phone1, false},
		{"192.0.2.1", "curl/8", true},
		{"192.0.2.1", phone1, false},
	} {
		if got := a.logsIn(a.from(clienttest.App, c.address, c.userAgent)); got != c.alerted {
			t.Errorf("%v: mailed %v", c, got)
		}
	}
	a.Clock.Advance(179 * 24 * time.Hour)
	if a.logsIn(a.from(clienttest.App, "192.0.2.1", phone1)) {
		t.Error("a mail about a known app")
	}
	a.Clock.Advance(179 * 24 * time.Hour)
	if a.logsIn(a.from(clienttest.App, "192.0.2.1", phone1)) {
		t.Error("the app was not renewed")
	}
	a.Clock.Advance(181 * 24 * time.Hour)
	if !a.logsIn(a.from(clienttest.App, "192.0.2.1", phone1)) {
		t.Error("no mail about an app that was not used for half a year")
	}
}

// Users who had accounts before are mailed from the first unknown device on, if they have
// logged in with a known one.
func TestNoAlertsByDefault(t *testing.T) {
	t.Parallel()
	a := startAlerts(t, func(cfg *allauth.Config) { cfg.Account.LoginAlerts = false })
	a.SignUp(clienttest.Browser, ann)
	if a.logsIn(a.Client(clienttest.Browser)) || a.logsIn(a.Client(clienttest.App)) {
		t.Error("a mail")
	}
	a.published()
	shows(a.Client(clienttest.App), "x").Status(404)
}

// The host can have neither.
func TestAlertsNeedMails(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	cfg := s.Config
	cfg.Account.LoginAlerts, cfg.DisableEmailNotifications = true, true
	if _, err := allauth.New(cfg, clienttest.Open(t)); err == nil || !strings.Contains(err.Error(), "Account.LoginAlerts") {
		t.Errorf("%v", err)
	}
}

// stolen lets a thief log in with the password, and returns their client and the key of
// the mail to Ann.
func (a *alerts) stolen() (thief *clienttest.Client, key string) {
	a.t.Helper()
	a.Clock.Advance(time.Hour)
	thief = a.from(clienttest.Browser, "198.51.100.1", "Mozilla/5.0 (Thief)")
	if !a.logsIn(thief) {
		a.t.Fatal("no mail about the thief")
	}
	return thief, a.MailOf(alertKind, ann).Key()
}

func TestDisownedLogin(t *testing.T) {
	t.Parallel()
	for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
		for name, edit := range map[string]func(cfg *allauth.Config){
			"by link": func(*allauth.Config) {},
			"by code": func(cfg *allauth.Config) { cfg.Account.PasswordResetByCode = &account.CodeConfig{} },
		} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				t.Parallel()
				a := startAlerts(t, edit, func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{} })
				own := a.SignUp(kind, ann)
				thief, key := a.stolen()
				a.published(sessions.NewDevice{Alerted: true})
				thief.Post("account/email", body{"email": "thief@example.net"}).Status(200)

				owner := a.Client(kind)
				for range 2 { // a program that follows links changes nothing
					answer := shows(owner, key).Status(200)
					if got := since(answer); got != "email thief@example.net, session" {
						t.Errorf("since: %s", got)
					}
					if answer.Value("data", "ip") != "198.51.100.1" || answer.Value("data", "user_agent") != "Mozilla/5.0 (Thief)" {
						t.Errorf("shown: %s", answer.Body)
					}
				}
				thief.Get("auth/session").LoggedIn(ann)
				a.published()
				shows(owner, key[:len(key)-1]+"x").Problems(usedAlert)
				owner.Post("account/login-alert", body{"key": key[:len(key)-1] + "x"}).Problems(usedAlert)
				owner.Post("account/login-alert", body{}).Problems("key:required")

				answer := owner.Post("account/login-alert", body{"key": key}).Status(200)
				if got := since(answer); got != "email thief@example.net" || answer.Value("data", "reset_sent") != true {
					t.Errorf("after: %s", answer.Body)
				}
				a.published(sessions.LoginDisowned{ResetSent: true})
				thief.Get("auth/session").Status(map[bool]int{true: 401, false: 410}[thief.Kind == clienttest.Browser])
				if status := own.Get("auth/session").StatusCode; status != 401 && status != 410 {
					t.Errorf("the owner's session: %d", status)
				}
				owner.Post("account/login-alert", body{"key": key}).Problems(usedAlert)
				shows(owner, key).Problems(usedAlert)

				reset := a.MailOf("account/password_reset_key", ann)
				owner.Post("auth/password/reset", body{"key": reset.Key(), "password": "Another-1-horse"}).Status(401)
				thief.Post("auth/login", body{"email": ann, "password": password}).Status(400)
				a.Clock.Advance(time.Minute)
				owner.Post("auth/login", body{"email": ann, "password": "Another-1-horse"}).LoggedIn(ann)
			})
		}
	}
}

// A thief's browser is new again after the login was disowned.
func TestADisownedBrowserIsForgotten(t *testing.T) {
	t.Parallel()
	a := startAlerts(t)
	a.SignUp(clienttest.Browser, ann)
	thief, key := a.stolen()
	a.Clock.Advance(time.Minute)
	a.Client(clienttest.App).Post("account/login-alert", body{"key": key}).Status(200)
	a.Clock.Advance(time.Minute)
	if !a.logsIn(thief) {
		t.Error("no mail")
	}
	if a.again(thief) {
		t.Error("two mails")
	}
}

// The link does not hand the account to a reader of an address that it has no more, and
// sends nothing to the thief's address.
func TestAlertToAnAddressThatWasRemoved(t *testing.T) {
	t.Parallel()
	a := startAlerts(t)
	a.SignUp(clienttest.Browser, ann)
	thief, key := a.stolen()
	thief.Post("account/email", body{"email": "thief@example.net"}).Status(200)
	a.Client(clienttest.App).Post("auth/email/verify", body{"key": a.Mail("thief@example.net").Key()})
	thief.Patch("account/email", body{"email": "thief@example.net", "primary": true}).Status(200)

	owner := a.Client(clienttest.App)
	if got := since(shows(owner, key).Status(200)); !strings.HasPrefix(got, "email thief@example.net") {
		t.Errorf("since: %s", got)
	}
	thief.Delete("account/email", body{"email": ann}).Status(200)
	if got := since(shows(owner, key).Status(200)); got != "" {
		t.Errorf("since: %s", got)
	}
	if got := owner.Post("account/login-alert", body{"key": key}).Status(200).Value("data", "reset_sent"); got != false {
		t.Errorf("reset_sent %v", got)
	}
	thief.Get("auth/session").Status(401)
	a.published(sessions.NewDevice{Alerted: true}, sessions.LoginDisowned{})
}

// The link survives that the thief changes the password, and that a week has not passed.
func TestAlertKeysExpire(t *testing.T) {
	t.Parallel()
	a := startAlerts(t)
	a.SignUp(clienttest.Browser, ann)
	thief, key := a.stolen()
	thief.Post("account/password/change", body{"current_password": password, "new_password": "Another-1-horse"}).Status(200)
	a.Clock.Advance(7*24*time.Hour - time.Second)
	if got := since(shows(a.Client(clienttest.App), key).Status(200)); !strings.HasPrefix(got, "password") {
		t.Errorf("since: %s", got)
	}
	a.Clock.Advance(2 * time.Second)
	shows(a.Client(clienttest.App), key).Problems(usedAlert)
	a.Client(clienttest.App).Post("account/login-alert", body{"key": key}).Problems(usedAlert)
}

// Of many requests with the same key one ends the sessions and mails a reset.
func TestAnAlertIsDisownedOnce(t *testing.T) {
	t.Parallel()
	a := startAlerts(t, clienttest.Unlimited)
	a.SignUp(clienttest.Browser, ann)
	_, key := a.stolen()
	won := winners(200, newClients(a.Server), func(c *clienttest.Client) *clienttest.Answer {
		return c.Post("account/login-alert", body{"key": key})
	})
	if won != 1 {
		t.Errorf("%d won", won)
	}
	a.published(sessions.NewDevice{Alerted: true}, sessions.LoginDisowned{ResetSent: true})
}

// Many logins from the same new device at once mail once.
func TestParallelLoginsFromANewDevice(t *testing.T) {
	t.Parallel()
	a := startAlerts(t, clienttest.Unlimited)
	a.SignUp(clienttest.Browser, ann)
	clients := make([]*clienttest.Client, 8)
	for i := range clients {
		clients[i] = a.from(clienttest.App, "198.51.100.1", phone1)
	}
	won := winners(200, clients, func(c *clienttest.Client) *clienttest.Answer {
		return c.Post("auth/login", body{"email": ann, "password": password})
	})
	a.published(sessions.NewDevice{Alerted: true})
	if won != len(clients) {
		t.Errorf("%d of %d logged in", won, len(clients))
	}
}

// A disabled or deleted user has no alerts.
func TestAlertsOfUsersWhoAreGone(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(u *allauth.Users, id string) error{
		"disabled": func(u *allauth.Users, id string) error { return u.Disable(t.Context(), id) },
		"deleted":  func(u *allauth.Users, id string) error { return u.Delete(t.Context(), id) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAlerts(t)
			a.SignUp(clienttest.Browser, ann)
			_, key := a.stolen()
			found, err := a.Auth.Users().ByEmail(t.Context(), ann)
			if err != nil {
				t.Fatal(err)
			}
			if err := remove(a.Auth.Users(), found.ID); err != nil {
				t.Fatal(err)
			}
			c := a.Client(clienttest.App)
			shows(c, key).Problems(usedAlert)
			c.Post("account/login-alert", body{"key": key}).Problems(usedAlert)
		})
	}
}

// A code that was mailed to the address tells as much as an alert would.
func TestNoAlertAboutALoginByMail(t *testing.T) {
	t.Parallel()
	a := startAlerts(t, withCodes)
	c := a.Client(clienttest.Browser)
	c.Post("auth/signup", body{"email": ann, "password": password}).Status(401)
	c.Post("auth/email/verify", body{"key": a.Mail(ann).Code()}).LoggedIn(ann)
	a.Clock.Advance(clienttest.NextCode)
	other := a.Client(clienttest.Browser)
	other.Post("auth/code/request", body{"email": ann}).Status(401)
	other.Post("auth/code/confirm", body{"code": a.MailOf("account/login_code", ann).Code()}).LoggedIn(ann)
	a.published(sessions.NewDevice{})
	if a.again(other) {
		t.Error("the browser was not known")
	}
}

// An attacker with the password cannot flood the mailbox.
func TestAlertsAreLimited(t *testing.T) {
	t.Parallel()
	a := startAlerts(t, clienttest.Unlimited)
	a.SignUp(clienttest.Browser, ann)
	mailed := 0
	for range 12 {
		if a.logsIn(a.Client(clienttest.Browser)) {
			mailed++
		}
	}
	if mailed != 10 {
		t.Errorf("%d mails", mailed)
	}
	a.Clock.Advance(24 * time.Hour)
	if !a.logsIn(a.Client(clienttest.Browser)) {
		t.Error("no mail the next day")
	}
}

// An unverified address may be that of another person.
func TestNoAlertToAnUnverifiedAddress(t *testing.T) {
	t.Parallel()
	a := startAlerts(t, func(cfg *allauth.Config) { cfg.Account.EmailVerification = authn.VerificationNone })
	a.Client(clienttest.App).Post("auth/signup", body{"email": ann, "password": password}).Status(200)
	if a.logsIn(a.Client(clienttest.Browser)) {
		t.Error("a mail")
	}
	a.published(sessions.NewDevice{})
}

// A thief who gets alerts, too, cannot use their link to end that of the owner, and has no
// link left after the owner has used theirs.
func TestAThiefCannotEndTheAlertOfTheOwner(t *testing.T) {
	t.Parallel()
	a := startAlerts(t)
	a.SignUp(clienttest.Browser, ann)
	thief, key := a.stolen()
	thief.Post("account/email", body{"email": "thief@example.net"}).Status(200)
	a.Client(clienttest.App).Post("auth/email/verify", body{"key": a.Mail("thief@example.net").Key()})
	thief.Patch("account/email", body{"email": "thief@example.net", "primary": true}).Status(200)
	var keys []string
	for _, address := range []string{"198.51.100.7", "198.51.100.8"} {
		a.Clock.Advance(time.Minute)
		again := a.from(clienttest.Browser, address, "x")
		again.Post("auth/login", body{"email": ann, "password": password}).Status(200)
		keys = append(keys, a.MailOf(alertKind, "thief@example.net").Key())
	}
	a.Client(clienttest.App).Post("account/login-alert", body{"key": keys[0]}).Status(200)

	owner := a.Client(clienttest.App)
	shows(owner, keys[1]).Problems(usedAlert)
	if got := since(shows(owner, key).Status(200)); got != "email thief@example.net" {
		t.Errorf("since: %s", got)
	}
	a.Clock.Advance(time.Minute)
	again := a.from(clienttest.Browser, "198.51.100.9", "x")
	again.Post("auth/login", body{"email": ann, "password": password}).Status(200)
	latest := a.MailOf(alertKind, "thief@example.net").Key()
	if got := owner.Post("account/login-alert", body{"key": key}).Status(200).Value("data", "reset_sent"); got != true {
		t.Errorf("reset_sent %v", got)
	}
	shows(owner, latest).Problems(usedAlert)
	again.Get("auth/session").Status(401)
}

// A user who was disabled for a while has logged in before, and no browser is known.
func TestAlertsAfterTheUserWasDisabled(t *testing.T) {
	t.Parallel()
	for name, recorded := range map[string]bool{"with alerts before": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := clienttest.Open(t)
			a := startAlertsOn(t, store)
			a.SignUp(clienttest.Browser, ann)
			found, err := a.Auth.Users().ByEmail(t.Context(), ann)
			if err != nil {
				t.Fatal(err)
			}
			thief, _ := a.stolen()
			if !recorded { // the account is older than the setting
				if err := store.DeleteUserChallenges(t.Context(), "known_devices", found.ID); err != nil {
					t.Fatal(err)
				}
			}
			a.Clock.Advance(time.Minute)
			for _, change := range []func(ctx context.Context, id string) error{a.Auth.Users().Disable, a.Auth.Users().Enable} {
				if err := change(t.Context(), found.ID); err != nil {
					t.Fatal(err)
				}
			}
			a.Clock.Advance(time.Minute)
			thief.Token = ""
			if !a.logsIn(thief) {
				t.Error("no mail about the thief's browser")
			}
			if !a.logsIn(a.Client(clienttest.Browser)) {
				t.Error("no mail about another browser")
			}
		})
	}
}

// The browser of an earlier claimant is unknown to the owner of the account.
func TestAlertsOfAReturnedAccount(t *testing.T) {
	t.Parallel()
	a := startAlerts(t, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification, cfg.Account.PasswordResetByCode = authn.VerificationOptional, &account.CodeConfig{}
	})
	claimant := a.Client(clienttest.Browser)
	claimant.Post("auth/signup", body{"email": ann, "password": "Claimants-1-horse"}).Status(200)
	a.Clock.Advance(time.Hour)

	owner := a.Client(clienttest.Browser)
	owner.Post("auth/password/request", body{"email": ann}).Status(401)
	owner.Post("auth/password/reset", body{"key": a.MailOf("account/password_reset_code", ann).Code(), "password": password})
	a.published()
	if a.logsIn(owner) || a.again(owner) {
		t.Error("a mail about the first browser of the owner")
	}
	a.Clock.Advance(time.Minute)
	if !a.logsIn(claimant) {
		t.Error("no mail about the browser of the claimant")
	}
}
