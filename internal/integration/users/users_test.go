package users_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/users"
)

func TestUsersAreFoundAndListed(t *testing.T) {
	t.Parallel()
	w, ctx := start(t, func(cfg *allauth.Config) { cfg.Account.Phone = &account.PhoneConfig{} }), t.Context()
	first, second := w.create("Ann", "+ann@example.org"), w.create("anna", "bob@example.org", "+bob@example.com")
	third, err := w.Create(ctx, users.Create{Display: "Cy", Disabled: true, Phone: users.Phone{Number: "+31612345678", Verified: true}})
	w.must(err)
	for call, found := range map[string]func() (*users.Account, error){
		"ByID":       func() (*users.Account, error) { return w.ByID(ctx, second) },
		"ByEmail":    func() (*users.Account, error) { return w.ByEmail(ctx, "BOB@example.com") },
		"ByUsername": func() (*users.Account, error) { return w.ByUsername(ctx, "Anna") },
	} {
		u, err := found()
		if err != nil || u.ID != second || u.Username != "anna" || u.HasPassword || u.Invited || u.CreatedAt.IsZero() ||
			!slices.Equal(u.Emails, []users.Email{{Address: "bob@example.org"}, {Address: "bob@example.com", Verified: true, Primary: true}}) {
			t.Errorf("%s: %+v, %v", call, u, err)
		}
	}
	if u, err := w.ByPhone(ctx, "+31 6 12345678"); err != nil || u.ID != third.ID || !u.Disabled || !u.Phone.Verified {
		t.Errorf("ByPhone: %+v, %v", u, err)
	}
	for call, err := range map[string]error{
		"ByID": errOf(w.ByID(ctx, "1")), "an empty id": errOf(w.ByID(ctx, "")), "ByEmail": errOf(w.ByEmail(ctx, "no one")),
		"ByUsername": errOf(w.ByUsername(ctx, "x")), "ByPhone": errOf(w.ByPhone(ctx, "1")),
	} {
		w.refused(call, err, authn.ErrNotFound)
	}
	on, off := false, true
	for name, c := range map[string]struct {
		filter users.Filter
		want   []string
	}{
		"all":          {users.Filter{}, []string{first, second, third.ID}},
		"a prefix":     {users.Filter{Prefix: "AN"}, []string{first, second}},
		"an address":   {users.Filter{Prefix: "bob@example.c"}, []string{second}},
		"a number":     {users.Filter{Prefix: "+316"}, []string{third.ID}},
		"disabled":     {users.Filter{Disabled: &off}, []string{third.ID}},
		"not disabled": {users.Filter{Disabled: &on}, []string{first, second}},
		"no one":       {users.Filter{Prefix: "zz"}, nil},
	} {
		var got []string
		for c.filter.Limit = 1; ; {
			page, err := w.List(ctx, c.filter)
			w.must(err)
			for _, u := range page.Users {
				got = append(got, u.ID)
			}
			if c.filter.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	_, err = w.List(ctx, users.Filter{Cursor: "x"})
	w.refused("List", err, users.ErrInvalidCursor)
}

// errOf returns the error of a call.
func errOf[T any](_ T, err error) error { return err }

// Of many people of another system each is created, with the id they have, and without
// what others have.
func TestManyUsersAreImported(t *testing.T) {
	t.Parallel()
	w, ctx := start(t, byUsername), t.Context()
	taken := w.create("ann", "+ann@example.org")
	w.Client(app).Post("auth/signup", body{"email": "claimed@example.org", "username": "cy", "password": password}).Status(401).Pending("verify_email")
	w.events()
	const hash = "pbkdf2_sha256$1$salt$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs="
	results, err := w.CreateMany(allauth.WithActor(ctx, "import"), []users.Create{
		{ID: "7", Username: "ANN", Emails: []users.Email{{Address: "ann@example.org", Verified: true}, {Address: "ann2@example.org"}}, PasswordHash: hash},
		{ID: "7", Username: "other"},
		{ID: "no number"},
		{ID: "9", Username: "bob", Emails: []users.Email{{Address: "claimed@example.org", Verified: true}}, PasswordHash: "!"},
		{ID: taken},
		{Username: "twin"}, {Username: "Twin", AllowUsernameTwin: true},
	})
	w.must(err)
	for i, want := range []error{nil, authn.ErrConflict, users.ErrInvalidID, nil, authn.ErrConflict, nil, nil} {
		if r := results[i]; !errors.Is(r.Err, want) || (r.Err == nil) != (r.User != nil) || (want == nil) != (r.Err == nil) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if s := results[0].Skipped; len(s) != 2 || s[0].Field != "username" || s[1].Field != "email" || !errors.Is(s[1].Err, authn.ErrConflict) {
		t.Errorf("left out: %+v", s)
	}
	w.mu.Lock()
	if len(w.happened) != 4 || slices.ContainsFunc(w.done, func(actor string) bool { return actor != "import" }) {
		t.Errorf("%v by %v", w.happened, w.done)
	}
	w.mu.Unlock()
	if u := w.account("7"); u.Username != "" || !slices.Equal(u.Emails, []users.Email{{Address: "ann2@example.org", Primary: true}}) {
		t.Errorf("%+v", u)
	}
	if u := w.account("9"); u.HasPassword || !u.Emails[0].Verified || len(results[3].Skipped) > 0 {
		t.Errorf("a verified address that a sign-up has claimed: %+v, %+v", u, results[3].Skipped)
	}
	w.Client(app).Post("auth/login", body{"email": "ann2@example.org", "password": "password"}).Status(401).Pending("verify_email")
	// Nothing of those who were not created is there.
	_, err = w.ByUsername(ctx, "other")
	w.refused("ByUsername", err, authn.ErrNotFound)
}

func byUsername(cfg *allauth.Config) {
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByEmail, account.LoginByUsername}
}

func TestAUserIsUpdated(t *testing.T) {
	t.Parallel()
	w, ctx := start(t, byUsername), t.Context()
	id, other := w.create("ann", "+ann@example.org"), w.create("bob", "+bob@example.org")
	w.must(w.SetPassword(ctx, id, password))
	w.events()
	name, display, extra := "Annie", "Ann B.", map[string]json.RawMessage{"town": json.RawMessage(`"Rome"`)}
	w.must(w.Update(ctx, id, users.Update{Username: &name, Display: &display, Extra: extra}))
	w.has("Update", "users.updated")
	if u := w.account(id); u.Username != name || u.Display != display || string(u.Extra["town"]) != `"Rome"` {
		t.Errorf("%+v", u.User)
	}
	w.Client(app).Post("auth/login", body{"username": "annie", "password": password}).LoggedIn(ann)
	w.Client(app).Post("auth/login", body{"username": "ann", "password": password}).Problems("password:username_password_mismatch")
	free := "ANN"
	w.must(w.Update(ctx, other, users.Update{Username: &free}))
	taken, invalid, none := "annIE", " ann", ""
	w.refused("a taken username", w.Update(ctx, other, users.Update{Username: &taken}), authn.ErrConflict)
	var problems authn.Errors
	if err := w.Update(ctx, other, users.Update{Username: &invalid}); !errors.As(err, &problems) {
		t.Errorf("an invalid username: %v", err)
	}
	if found, err := w.ByUsername(ctx, "ann"); err != nil || found.ID != other {
		t.Errorf("after a refused change: %+v, %v", found, err)
	}
	w.must(w.Update(ctx, other, users.Update{Username: &none}))
	_, err := w.ByUsername(ctx, "ann")
	w.refused("a removed username", err, authn.ErrNotFound)
	w.events()
	w.must(w.Update(ctx, id, users.Update{Display: &display}))
	if got := w.events(); len(got) > 0 {
		t.Errorf("an update that changes nothing published %v", got)
	}
	w.refused("a missing user", w.Update(ctx, "1", users.Update{Display: &display}), authn.ErrNotFound)
}

// Disabling ends everything that could log in the user, and enabling revives nothing.
func TestADisabledUserIsOutForGood(t *testing.T) {
	t.Parallel()
	w, ctx := start(t, clienttest.Unlimited, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
		cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}}
	}), t.Context()
	c := w.SignUp(app, ann)
	id := w.idOf(ann)
	again := w.Client(app).Post("auth/login", body{"email": ann, "password": password})
	refreshToken, _ := again.Value("meta", "refresh_token").(string)
	w.Client(app).Post("auth/password/request", body{"email": ann}).Status(200)
	key := w.mails(ann, "account/password_reset_key").Key()
	coded := w.Client(app)
	coded.Post("auth/code/request", body{"email": ann}).Status(401).Pending("login_by_code")
	code := w.mails(ann, "account/login_code").Code()
	w.events()
	w.must(w.Disable(allauth.WithActor(ctx, "root"), id))
	w.mu.Lock()
	if !slices.Equal(w.happened, []string{"users.disabled"}) || w.done[0] != "root" {
		t.Errorf("%v by %v", w.happened, w.done)
	}
	w.mu.Unlock()
	out := func(when string) {
		t.Helper()
		c.Get("auth/session").Status(410)
		w.Client(app).Post("tokens/refresh", body{"refresh_token": refreshToken}).Status(400)
		w.Client(app).Post("auth/password/reset", body{"key": key, "password": "Another-1-horse"}).Problems("key:invalid_password_reset")
		coded.Post("auth/code/confirm", body{"code": code}).Status(409)
		if list, err := w.Sessions(ctx, id); err != nil || len(list) > 0 {
			t.Errorf("%s: sessions %v, %v", when, list, err)
		}
	}
	out("disabled")
	w.logIn(ann).Problems("password:email_password_mismatch")
	w.must(w.Disable(ctx, id)) // changes nothing
	w.must(w.Enable(ctx, id))
	w.has("Enable", "users.enabled")
	out("enabled")
	w.logIn(ann).LoggedIn(ann)
	for call, err := range map[string]error{"Disable": w.Disable(ctx, "1"), "Enable": w.Enable(ctx, "1")} {
		w.refused(call, err, authn.ErrNotFound)
	}
}

func TestTheHostEndsSessions(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		w, ctx := start(t), t.Context()
		first := w.SignUp(kind, ann)
		id := w.idOf(ann)
		w.Clock.Advance(time.Minute)
		second, other := w.LogIn(kind, ann), w.SignUp(kind, bob)
		list, err := w.Sessions(ctx, id)
		if err != nil || len(list) != 2 || list[0].Kind != string(kind) || list[0].IP == "" || !list[1].ExpiresAt.After(list[1].CreatedAt) {
			t.Fatalf("%+v, %v", list, err)
		}
		theirs, err := w.Sessions(ctx, w.idOf(bob))
		w.must(err)
		w.refused("a session of another user", w.EndSession(ctx, id, theirs[0].ID), authn.ErrNotFound)
		w.must(w.EndSession(ctx, id, list[0].ID))
		ended := map[clienttest.Kind]int{app: 410, clienttest.Browser: 401}[kind]
		first.Get("auth/session").Status(ended)
		second.Get("auth/session").LoggedIn(ann)
		w.must(w.EndSessions(ctx, id))
		w.has("EndSessions", "users.sessions_ended")
		second.Get("auth/session").Status(ended)
		other.Get("auth/session").LoggedIn(bob)
	})
}

func TestTheHostChangesAddresses(t *testing.T) {
	t.Parallel()
	w, ctx := start(t), t.Context()
	c := w.SignUp(app, ann)
	id := w.idOf(ann)
	w.events()
	w.must(w.AddEmail(ctx, id, "New@example.org", false))
	w.has("AddEmail", "account.email_added")
	w.refused("the same address", w.AddEmail(ctx, id, "new@example.org", true), authn.ErrConflict)
	w.refused("an unverified primary address", w.SetPrimary(ctx, id, "new@example.org"), authn.ErrConflict)
	w.Client(app).Post("auth/email/verify", body{"key": w.mails("new@example.org", "account/email_confirmation").Key()})
	w.must(w.SetPrimary(ctx, id, "new@example.org"))
	w.has("SetPrimary", "account.email_changed")
	w.mails(ann, "account/email_changed")
	c.Get("auth/session").LoggedIn("new@example.org")
	// The host verifies an address that another user has unverified, who cannot have it
	// any more.
	w.Client(app).Post("auth/signup", body{"email": "claimed@example.org", "password": password}).Status(401).Pending("verify_email")
	link := w.mails("claimed@example.org", "account/email_confirmation_signup").Key()
	w.must(w.AddEmail(ctx, id, "claimed@example.org", true))
	w.has("AddEmail", "account.email_added", "account.email_confirmed")
	w.Client(app).Post("auth/email/verify", body{"key": link}).Problems("key:email_taken")
	other := w.create("", "second@example.org", "+third@example.org")
	w.must(w.SetEmailVerified(ctx, other, "second@example.org"))
	w.must(w.SetEmailVerified(ctx, other, "second@example.org"))
	if u := w.account(other); !u.Emails[0].Verified || u.Emails[0].Primary {
		t.Errorf("%+v", u.Emails)
	}
	rival := w.create("")
	w.refused("an address of another user", w.AddEmail(ctx, rival, "second@example.org", false), authn.ErrConflict)
	w.refused("an address that the user does not have", w.SetEmailVerified(ctx, rival, "second@example.org"), authn.ErrNotFound)
	w.refused("an address that the user does not have", w.SetPrimary(ctx, rival, "second@example.org"), authn.ErrNotFound)
	w.refused("no address", w.SendPasswordReset(ctx, rival, ""), users.ErrNoEmail)
	w.must(w.AddEmail(ctx, rival, "rival@example.org", true))
	if u := w.account(rival); !slices.Equal(u.Emails, []users.Email{{Address: "rival@example.org", Verified: true, Primary: true}}) {
		t.Errorf("%+v", u.Emails)
	}
	var problems authn.Errors
	if err := w.AddEmail(ctx, rival, "no address", true); !errors.As(err, &problems) {
		t.Errorf("an invalid address: %v", err)
	}
	w.Clock.Advance(clienttest.NextLink)
	unverified := w.create("", "late@example.org")
	w.must(w.SendVerification(ctx, unverified, ""))
	w.Client(app).Post("auth/email/verify", body{"key": w.mails("late@example.org", "account/email_confirmation").Key()})
	if !w.account(unverified).Emails[0].Verified {
		t.Error("the link of SendVerification did not verify the address")
	}
	w.refused("a verified address", w.SendVerification(ctx, unverified, ""), authn.ErrConflict)
}

// The host mails a link to choose a password, even if users reset theirs by code.
func TestTheHostSendsAPasswordReset(t *testing.T) {
	t.Parallel()
	for _, byCode := range []bool{false, true} {
		t.Run(fmt.Sprint(byCode), func(t *testing.T) {
			t.Parallel()
			w, ctx := start(t, func(cfg *allauth.Config) {
				if byCode {
					cfg.Account.PasswordResetByCode = &account.CodeConfig{}
				}
			}), t.Context()
			id := w.create("", "+ann@example.org", "old@example.org")
			w.refused("an unverified address beside a verified one", w.SendPasswordReset(ctx, id, "old@example.org"), authn.ErrConflict)
			w.must(w.SendPasswordReset(ctx, id, ""))
			key := w.mails(ann, "account/password_reset_key").Key()
			w.Client(app).Post("auth/password/reset", body{"key": key, "password": "123"}).Status(400)
			w.Client(app).Post("auth/password/reset", body{"key": key, "password": password}).Status(401)
			w.mails(ann, "account/password_reset")
			w.Client(app).Post("auth/password/reset", body{"key": key, "password": password}).Problems("key:invalid_password_reset")
			w.logIn(ann).LoggedIn(ann)
			w.must(w.Disable(ctx, id))
			w.refused("a disabled user", w.SendPasswordReset(ctx, id, ""), authn.ErrConflict)
			if byCode {
				w.Client(app).Post("auth/password/reset", body{"key": "BCDF-GHJK", "password": password}).Status(409)
			}
		})
	}
}

func TestTheHostResetsFactors(t *testing.T) {
	t.Parallel()
	w, ctx := start(t, func(cfg *allauth.Config) {
		cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{mfa.TOTP, mfa.RecoveryCodes}, TrustEnabled: true}
	}), t.Context()
	c := w.SignUp(clienttest.Browser, ann)
	id := w.idOf(ann)
	setup := c.Get("account/authenticators/totp").Status(404)
	secret, _ := setup.Value("meta", "secret").(string)
	code := func() string {
		code, err := totp.GenerateCode(secret, w.Clock.Now())
		w.must(err)
		return code
	}
	c.Post("account/authenticators/totp", body{"code": code()}).Status(200)
	w.mails(ann, "mfa/totp_activated")
	w.logIn(ann).Status(401).Pending("mfa_authenticate")
	w.events()
	w.must(w.ResetFactors(ctx, id))
	w.has("ResetFactors", "users.factors_reset", "mfa.authenticator_removed")
	w.mails(ann, "mfa/totp_deactivated")
	w.logIn(ann).LoggedIn(ann)
	if list, _ := c.Get("account/authenticators").Value("data").([]any); len(list) > 0 {
		t.Errorf("authenticators: %v", list)
	}
	w.must(w.ResetFactors(ctx, id))
	w.refused("a missing user", w.ResetFactors(ctx, "1"), authn.ErrNotFound)
}

// hostUsers are users in the host's own table.
type hostUsers struct{ authn.UserStore }

// A host with its own table can look up users and change what the library keeps. What
// needs a directory says so.
func TestAHostWithItsOwnTable(t *testing.T) {
	t.Parallel()
	base, ctx := memstore.New(), t.Context()
	s := clienttest.StartOn(t, storage.Compose(base, storage.Parts{Users: hostUsers{memstore.New()}}))
	u := s.Auth.Users()
	created, err := u.Create(ctx, users.Create{Username: "ann", Emails: []users.Email{{Address: ann, Verified: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := u.ByEmail(ctx, ann); err != nil || found.ID != created.ID {
		t.Errorf("%+v, %v", found, err)
	}
	if err := u.SetPassword(ctx, created.ID, password); err != nil {
		t.Error(err)
	}
	name := "bob"
	for call, err := range map[string]error{
		"List":        errOf(u.List(ctx, users.Filter{})),
		"Disable":     u.Disable(ctx, created.ID),
		"Update":      u.Update(ctx, created.ID, users.Update{Username: &name}),
		"an id":       errOf(u.Create(ctx, users.Create{ID: "7"})),
		"Create, off": errOf(u.Create(ctx, users.Create{Disabled: true})),
	} {
		if !errors.Is(err, users.ErrUnsupported) {
			t.Errorf("%s: %v", call, err)
		}
	}
	s.Client(app).Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
}

// Every call about one user: there is none, or the user is disabled, which keeps no
// administrator from anything but to mail links that would be refused.
func TestEveryCallAboutAUser(t *testing.T) {
	t.Parallel()
	w, ctx := start(t, func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{mfa.TOTP}} }), t.Context()
	name := "renamed"
	calls := map[string]struct {
		call              func(id string) error
		missing, disabled error
	}{
		"ByID":              {func(id string) error { return errOf(w.ByID(ctx, id)) }, authn.ErrNotFound, nil},
		"Update":            {func(id string) error { return w.Update(ctx, id, users.Update{Username: &name}) }, authn.ErrNotFound, nil},
		"SetPassword":       {func(id string) error { return w.SetPassword(ctx, id, password) }, authn.ErrNotFound, nil},
		"Disable":           {func(id string) error { return w.Disable(ctx, id) }, authn.ErrNotFound, nil},
		"Enable":            {func(id string) error { return errors.Join(w.Enable(ctx, id), w.Disable(ctx, id)) }, authn.ErrNotFound, nil},
		"Sessions":          {func(id string) error { return errOf(w.Sessions(ctx, id)) }, authn.ErrNotFound, nil},
		"EndSession":        {func(id string) error { return w.EndSession(ctx, id, "1") }, authn.ErrNotFound, authn.ErrNotFound},
		"EndSessions":       {func(id string) error { return w.EndSessions(ctx, id) }, authn.ErrNotFound, nil},
		"AddEmail":          {func(id string) error { return w.AddEmail(ctx, id, "second@example.org", true) }, authn.ErrNotFound, nil},
		"SetEmailVerified":  {func(id string) error { return w.SetEmailVerified(ctx, id, ann) }, authn.ErrNotFound, nil},
		"SetPrimary":        {func(id string) error { return w.SetPrimary(ctx, id, ann) }, authn.ErrNotFound, nil},
		"ResetFactors":      {func(id string) error { return w.ResetFactors(ctx, id) }, authn.ErrNotFound, nil},
		"SendPasswordReset": {func(id string) error { return w.SendPasswordReset(ctx, id, ann) }, authn.ErrNotFound, authn.ErrConflict},
		"SendVerification":  {func(id string) error { return w.SendVerification(ctx, id, ann) }, authn.ErrNotFound, authn.ErrConflict},
		"Invite":            {func(id string) error { return w.Invite(ctx, id, ann) }, authn.ErrNotFound, authn.ErrConflict},
		"Deletion":          {func(id string) error { return errOf(w.Deletion(ctx, id)) }, authn.ErrNotFound, authn.ErrNotFound},
		"CancelDeletion":    {func(id string) error { return w.CancelDeletion(ctx, id) }, authn.ErrNotFound, authn.ErrNotFound},
		"Export":            {func(id string) error { return errOf(w.Export(ctx, id)) }, authn.ErrNotFound, nil},
		"Delete":            {func(id string) error { return w.Delete(ctx, id) }, nil, nil},
	}
	others := []string{"ByEmail", "ByUsername", "ByPhone", "List", "Create", "CreateMany"}
	methods := reflect.TypeFor[*allauth.Users]()
	for i := range methods.NumMethod() {
		method := methods.Method(i).Name
		c, listed := calls[method]
		if !listed {
			if !slices.Contains(others, method) {
				t.Errorf("%s is not in the table", method)
			}
			continue
		}
		for _, id := range []string{"", "1", "no number", "a\x00"} {
			if err := c.call(id); !errors.Is(err, c.missing) || (err == nil) != (c.missing == nil) {
				t.Errorf("%s of the missing user %q: %v, want %v", method, id, err, c.missing)
			}
		}
		id := w.create("", "+"+ann)
		w.must(w.Disable(ctx, id))
		if err := c.call(id); !errors.Is(err, c.disabled) || (err == nil) != (c.disabled == nil) {
			t.Errorf("%s of a disabled user: %v, want %v", method, err, c.disabled)
		}
		w.must(w.Delete(ctx, id))
	}
}
