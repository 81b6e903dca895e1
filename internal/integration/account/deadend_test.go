package account_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage"
)

// user is a kind of account. It does not have the empty contacts.
type user struct {
	email, username, phone       string
	emailVerified, phoneVerified bool
	// othersEmail is true if another account has verified the address.
	othersEmail  bool
	passwordless bool
}

// users are the kinds of accounts. %d is replaced by a number of each.
var users = map[string]user{
	"address":                             {email: "a%d@example.org", emailVerified: true},
	"unverified address":                  {email: "b%d@example.org"},
	"address beyond ASCII":                {email: "jürgen%d@example.org", emailVerified: true},
	"unverified address beyond ASCII":     {email: "дима%d@example.org"},
	"address of another user, name":       {email: "c%d@example.org", othersEmail: true, username: "c%d"},
	"address without a password":          {email: "d%d@example.org", emailVerified: true, passwordless: true},
	"number":                              {phone: "+3161%07d", phoneVerified: true},
	"unverified number":                   {phone: "+3162%07d"},
	"number without a password":           {phone: "+3163%07d", phoneVerified: true, passwordless: true},
	"name":                                {username: "h%d"},
	"name, unverified address":            {username: "i%d", email: "i%d@example.org"},
	"name, unverified number":             {username: "j%d", phone: "+3164%07d"},
	"address, unverified number":          {email: "k%d@example.org", emailVerified: true, phone: "+3165%07d"},
	"unverified address, number":          {email: "l%d@example.org", phone: "+3166%07d", phoneVerified: true},
	"unverified address and number, name": {email: "m%d@example.org", phone: "+3167%07d", username: "m%d"},
	"address and number, name":            {email: "n%d@example.org", emailVerified: true, phone: "+3168%07d", phoneVerified: true, username: "n%d"},
}

// way is how a user begins a login.
type way struct {
	by    string // "password", "code" or "reset"
	field string // the identifier
}

var ways = []way{
	{"password", "email"}, {"password", "username"}, {"password", "phone"},
	{"code", "email"}, {"code", "phone"}, {"reset", "email"},
}

// settings are the settings that decide at which stages a login waits.
type settings struct {
	verification string // "code", "link", "optional", "none"
	code         string // "off", "on", "required"
	phone        string // "no", "phone*"
	// others is turned on in every second combination.
	others bool
}

func (s settings) String() string {
	return fmt.Sprintf("%s, code %s, phone %s", s.verification, s.code, s.phone)
}

func allSettings() (list []settings) {
	for _, verification := range []string{"code", "link", "optional", "none"} {
		for _, code := range []string{"off", "on", "required"} {
			for _, phone := range []string{"no", "phone*"} {
				list = append(list, settings{verification, code, phone, len(list)%2 == 0})
			}
		}
	}
	return list
}

func (s settings) apply(cfg *allauth.Config) {
	c := &cfg.Account
	c.LoginMethods = []account.LoginMethod{account.LoginByEmail, account.LoginByUsername, account.LoginByPhone}
	c.Phone = &account.PhoneConfig{}
	c.SignupFields = []string{"email*", "username", "password1*"}
	if s.phone != "no" {
		c.SignupFields = append(c.SignupFields, s.phone)
	}
	switch s.verification {
	case "code":
		byCode(cfg)
	case "optional":
		c.EmailVerification = authn.VerificationOptional
	case "none":
		c.EmailVerification = authn.VerificationNone
	}
	if s.code != "off" {
		c.LoginByCode = &account.LoginByCodeConfig{Required: s.code == "required"}
	}
	c.LoginOnPasswordReset, c.LoginOnEmailConfirmation, c.ChangeEmail = s.others, s.others, s.others
	if s.others {
		c.PasswordResetByCode = &account.CodeConfig{}
		c.Enumeration = account.AllowEnumeration
	}
}

// Every user who authenticates can complete the login: every response has a flow
// to continue with, and every pending flow can be completed. Each kind of user
// begins in each way with each verification and each setting of codes, in turns
// with and without a required number.
func TestNoLoginIsADeadEnd(t *testing.T) {
	t.Parallel()
	for i, setting := range allSettings() {
		verification, code, phone := i/6, i/2%3, i%2
		t.Run(setting.String(), func(t *testing.T) {
			t.Parallel()
			store := clienttest.Open(t)
			s := clienttest.StartOn(t, store, setting.apply)
			hash := hashOf(t, password)
			n := 0
			for name, u := range users {
				for j, way := range ways {
					n++
					w := &walker{s: s, user: u.number(n)}
					if !w.can(way) || (verification+code+phone+j)%2 == 1 || clienttest.Raced && n%3 != 0 {
						continue // the race detector need not see every combination
					}
					w.create(t, store, hash)
					t.Run(fmt.Sprintf("%s/%s by %s", name, way.by, way.field), func(t *testing.T) {
						w.t = t
						w.walk(way)
					})
				}
			}
		})
	}
}

func (u user) number(n int) user {
	for _, name := range []*string{&u.email, &u.username, &u.phone} {
		if *name != "" {
			*name = fmt.Sprintf(*name, n)
		}
	}
	return u
}

// walker completes the login of a user.
type walker struct {
	t    *testing.T
	s    *clienttest.Server
	user user
	// given counts the addresses that were added during the login.
	given int
}

func (w *walker) create(t *testing.T, store storage.Store, hash string) {
	t.Helper()
	if w.user.passwordless {
		hash = ""
	}
	_, err := clienttest.Create(t.Context(), w.s.Auth, clienttest.NewAccount{
		NewUser:       authn.NewUser{Email: w.user.email, Username: w.user.username, Phone: w.user.phone},
		EmailVerified: w.user.emailVerified, PhoneVerified: w.user.phoneVerified, PasswordHash: hash,
	})
	if err != nil {
		t.Fatalf("%+v: %v", w.user, err)
	}
	if w.user.othersEmail {
		addVerified(t, w.s, store, "other-"+w.user.username, w.user.email)
	}
}

// can reports whether the user can begin that way: the identifier belongs to the
// account.
func (w *walker) can(way way) bool {
	u, cfg := w.user, w.s.Config.Account
	if map[string]string{"email": u.email, "username": u.username, "phone": u.phone}[way.field] == "" {
		return false
	}
	if way.by == "password" {
		return !u.passwordless && !(u.othersEmail && way.field == "email")
	}
	if way.by == "code" && cfg.LoginByCode == nil || u.othersEmail {
		return false
	}
	verified := u.emailVerified
	if way.field == "phone" {
		verified = u.phoneVerified
	}
	return verified || !u.emailVerified && !u.phoneVerified
}

func (w *walker) walk(way way) {
	w.t.Helper()
	w.s.Clock.Advance(4 * time.Minute)
	c := w.s.Client(clienttest.App)
	name := map[string]string{"email": w.user.email, "username": w.user.username, "phone": w.user.phone}[way.field]
	var answer *clienttest.Answer
	switch way.by {
	case "password":
		answer = c.Post("auth/login", body{way.field: name, "password": password})
	case "code":
		answer = c.Post("auth/code/request", body{way.field: name})
	case "reset":
		answer = w.reset(c, name)
	}
	if way.by != "password" && !w.user.emailVerified && !w.user.phoneVerified {
		w.recover(way.field)
	}
	for range 8 {
		if answer.StatusCode == 200 {
			c.Get("auth/session").Status(200)
			return
		}
		answer.Status(401)
		w.s.Clock.Advance(40 * time.Second)
		pending := c.Get("auth/session").Status(401)
		switch {
		case pending.IsPending("login_by_code"):
			answer = c.Post("auth/code/confirm", body{"code": w.sent()})
		case pending.IsPending("verify_phone"):
			answer = c.Post("auth/phone/verify", body{"code": w.sent()})
		case pending.IsPending("verify_email"):
			answer = w.verifyEmail(c)
		default:
			w.t.Fatalf("a dead end: %s", answer.Text)
		}
	}
	w.t.Fatalf("no end: %s", answer.Text)
}

// recover removes from the expected account what a recovery removes, as nothing
// of it was verified.
func (w *walker) recover(field string) {
	if field == "email" {
		w.user.phone = ""
	} else {
		w.user.email = ""
	}
}

// reset replaces the password. If the reset does not log in, a login with the new
// password follows.
func (w *walker) reset(c *clienttest.Client, email string) *clienttest.Answer {
	w.t.Helper()
	c.Post("auth/password/request", body{"email": email})
	answer := c.Post("auth/password/reset", body{"key": w.sent(), "password": "Another-1-horse"})
	if answer.StatusCode == 401 && !slices.ContainsFunc([]string{"login_by_code", "verify_phone", "verify_email"}, answer.IsPending) {
		return c.Post("auth/login", body{"email": email, "password": "Another-1-horse"})
	}
	return answer
}

// verifyEmail verifies the awaited address, or adds one.
func (w *walker) verifyEmail(c *clienttest.Client) *clienttest.Answer {
	w.t.Helper()
	if w.user.email == "" || w.user.othersEmail {
		w.given++
		given := "given-" + strings.TrimPrefix(w.user.username+w.user.phone, "+") + "@example.org"
		c.Post("account/email", body{"email": given}).Status(200)
		w.user.email, w.user.othersEmail = given, false
	}
	key := w.sent()
	answer := c.Post("auth/email/verify", body{"key": key})
	if answer.StatusCode == 401 && !answer.IsPending("verify_email") && !answer.IsPending("verify_phone") && w.s.Config.Account.EmailVerificationByCode == nil {
		// A link verifies the address, and the user logs in again.
		return w.again(c)
	}
	return answer
}

// again logs in with the password, or with a code if there is none.
func (w *walker) again(c *clienttest.Client) *clienttest.Answer {
	w.t.Helper()
	for _, name := range []struct{ field, value string }{{"email", w.user.email}, {"username", w.user.username}, {"phone", w.user.phone}} {
		if name.value == "" {
			continue
		}
		if w.user.passwordless {
			return c.Post("auth/code/request", body{name.field: name.value})
		}
		answer := c.Post("auth/login", body{name.field: name.value, "password": password})
		if answer.StatusCode == 400 {
			answer = c.Post("auth/login", body{name.field: name.value, "password": "Another-1-horse"})
		}
		return answer
	}
	return nil
}

// sent returns the code or key that was last sent to the user.
func (w *walker) sent() string {
	w.t.Helper()
	return w.s.Secret(w.user.email, w.user.phone)
}
