package account_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage/memstore"
)

// staleSessions are ways to end a session between the check of a request and the
// transaction that depends on it.
var staleSessions = map[string]func(t *testing.T, s *clienttest.Server, userID string, other *clienttest.Client){
	"a new password": func(_ *testing.T, _ *clienttest.Server, _ string, other *clienttest.Client) {
		other.Post("account/password/change", body{"current_password": password, "new_password": password + "-new"}).Status(200)
	},
	"logging out everywhere": func(t *testing.T, s *clienttest.Server, userID string, _ *clienttest.Client) {
		if err := s.Auth.Users().EndSessions(t.Context(), userID); err != nil {
			t.Error(err)
		}
	},
}

// change is a request that checks something and then changes the account.
type change struct {
	edit    func(cfg *allauth.Config)
	prepare func(s *clienttest.Server, c *clienttest.Client) body
	send    func(c *clienttest.Client, in body) *clienttest.Answer
}

const (
	owner  = "ann@example.org"
	second = "second@example.org"
	mobile = "+31612345678"
)

func addSecond(s *clienttest.Server, c *clienttest.Client) body {
	c.Post("account/email", body{"email": second}).Status(200)
	c.Post("auth/email/verify", body{"key": s.MailOf("account/email_confirmation", second).Key()}).Status(200)
	return body{"email": second}
}

func withNumbers(cfg *allauth.Config) {
	cfg.Account.Phone = &account.PhoneConfig{}
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByEmail, account.LoginByPhone}
	cfg.Account.SignupFields = []string{"email*", "phone", "password1*"}
}

func asIs(in body) func(*clienttest.Server, *clienttest.Client) body {
	return func(*clienttest.Server, *clienttest.Client) body { return in }
}

var changes = map[string]change{
	"changing the password": {prepare: asIs(body{"current_password": password, "new_password": "Unrelated-7-words"}), send: func(c *clienttest.Client, in body) *clienttest.Answer {
		return c.Post("account/password/change", in)
	}},
	"adding an address": {prepare: asIs(body{"email": second}), send: func(c *clienttest.Client, in body) *clienttest.Answer {
		return c.Post("account/email", in)
	}},
	"adding an address by code": {edit: withCodes, prepare: asIs(body{"email": second}), send: func(c *clienttest.Client, in body) *clienttest.Answer {
		return c.Post("account/email", in)
	}},
	"verifying an address by code": {edit: withCodes, prepare: func(s *clienttest.Server, c *clienttest.Client) body {
		c.Post("account/email", body{"email": second})
		return body{"key": s.MailOf("account/email_confirmation", second).Code()}
	}, send: func(c *clienttest.Client, in body) *clienttest.Answer {
		return c.Post("auth/email/verify", in)
	}},
	"choosing the primary address": {prepare: addSecond, send: func(c *clienttest.Client, in body) *clienttest.Answer {
		return c.Patch("account/email", body{"email": in["email"], "primary": true})
	}},
	"removing an address": {prepare: addSecond, send: func(c *clienttest.Client, in body) *clienttest.Answer {
		return c.Delete("account/email", in)
	}},
	"changing the number": {edit: withNumbers, prepare: asIs(body{"phone": mobile}), send: func(c *clienttest.Client, in body) *clienttest.Answer {
		return c.Post("account/phone", in)
	}},
	"verifying the number": {edit: withNumbers, prepare: func(s *clienttest.Server, c *clienttest.Client) body {
		c.Post("account/phone", body{"phone": mobile}).Status(202)
		return body{"code": s.Text(mobile).Code()}
	}, send: func(c *clienttest.Client, in body) *clienttest.Answer {
		return c.Post("auth/phone/verify", in)
	}},
}

// details is what a change could have changed: addresses, numbers, and whether
// the password is the one that it would have set.
func details(s *clienttest.Server, store *clienttest.Interrupted, userID string) []any {
	ctx := context.Background()
	emails, _ := store.EmailsByUser(ctx, userID)
	phone, _ := store.PhoneByUser(ctx, userID)
	changed := s.Client(clienttest.App).Post("auth/login", body{"email": owner, "password": "Unrelated-7-words"}).StatusCode
	return []any{emails, phone, changed}
}

// The transaction that changes the account compares again what the request has
// checked: a session that was ended meanwhile changes nothing more.
func TestAChangeOfAnEndedSessionChangesNothing(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		for name, one := range changes {
			for what, end := range staleSessions {
				t.Run(name+" beside "+what, func(t *testing.T) {
					t.Parallel()
					store := &clienttest.Interrupted{Store: memstore.New()}
					s := clienttest.StartOn(t, store, func(cfg *allauth.Config) {
						if one.edit != nil {
							one.edit(cfg)
						}
					})
					c := s.SignUp(kind, owner)
					c.Post("auth/reauthenticate", body{"password": password}).Status(200)
					rows, err := store.EmailsByAddress(t.Context(), owner)
					if err != nil {
						t.Fatal(err)
					}
					userID := rows[0].UserID
					in, other := one.prepare(s, c), s.LogIn(kind, owner)
					before := details(s, store, userID)
					store.Interrupt(func() { end(t, s, userID, other) })
					answer := one.send(c, in)
					if store.IsArmed() {
						t.Fatalf("the request has no transaction: %d %s", answer.StatusCode, answer.Text)
					}
					// The request is answered as not logged in, the next one with
					// the end of the session.
					answer.Status(401)
					c.Get("auth/session").Status(over(kind))
					if after := details(s, store, userID); !reflect.DeepEqual(before, after) {
						t.Errorf("before %v, after %v", before, after)
					}
				})
			}
		}
	})
}

// over is the status of a request whose session has ended.
func over(kind clienttest.Kind) int {
	return map[clienttest.Kind]int{clienttest.App: 410, clienttest.Browser: 401}[kind]
}

// A first password is set once, by the first of concurrent requests.
func TestAFirstPasswordIsSetOnce(t *testing.T) {
	t.Parallel()
	store := &clienttest.Interrupted{Store: memstore.New()}
	s := clienttest.StartOn(t, store, withCodes)
	ctx := t.Context()
	_, err := clienttest.Create(ctx, s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: owner}, EmailVerified: true})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": owner}).Status(401)
	c.Post("auth/code/confirm", body{"code": s.Mail(owner).Code()}).LoggedIn(owner)
	first := c.Clone()
	store.Interrupt(func() { first.Post("account/password/change", body{"new_password": password}).Status(200) })
	if answer := c.Post("account/password/change", body{"new_password": "Unrelated-7-words"}); answer.StatusCode == 200 {
		t.Errorf("both first passwords were set: %s", answer.Text)
	}
	s.LogIn(clienttest.App, owner)
}

// A link that was requested with the old password verifies no address after a
// recovery, even if it was checked before.
func TestALinkIsCheckedAgainBesideARecovery(t *testing.T) {
	t.Parallel()
	store := &clienttest.Interrupted{Store: memstore.New()}
	s := clienttest.StartOn(t, store)
	intruder := s.SignUp(clienttest.App, owner)
	intruder.Post("account/email", body{"email": second}).Status(200)
	key := s.MailOf("account/email_confirmation", second).Key()
	store.Interrupt(func() { reset(t, s, s.Client(clienttest.App), owner, password+"-new") })
	s.Client(clienttest.App).Post("auth/email/verify", body{"key": key}).Problems("key:invalid_or_expired_key")
	rows, err := store.EmailsByAddress(t.Context(), second)
	if err != nil || len(rows) != 1 || rows[0].Verified {
		t.Errorf("the address of the intruder: %v, %v", rows, err)
	}
}

// A new user who corrects an address does not lose one that was verified
// meanwhile.
func TestAVerifiedAddressIsNotCorrected(t *testing.T) {
	t.Parallel()
	store := &clienttest.Interrupted{Store: memstore.New()}
	s := clienttest.StartOn(t, store, withCodes)
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": owner, "password": password}).Status(401).Pending("verify_email")
	s.Mail(owner)
	s.Clock.Advance(30 * time.Second)
	other := s.Client(clienttest.App)
	other.Post("auth/login", body{"email": owner, "password": password}).Status(401).Pending("verify_email")
	code := s.Mail(owner).Code()
	store.Interrupt(func() { other.Post("auth/email/verify", body{"key": code}).LoggedIn(owner) })
	c.Post("account/email", body{"email": second}).Status(409)
	s.LogIn(clienttest.App, owner)
}

// replacedLate is a store that replaces the password once, just after it was
// read.
type replacedLate struct {
	*clienttest.Interrupted
	reads int
	after func()
}

func (r *replacedLate) PasswordHash(ctx context.Context, userID string) (string, error) {
	hash, err := r.Interrupted.PasswordHash(ctx, userID)
	if r.after != nil {
		if r.reads--; r.reads == 0 {
			after := r.after
			r.after = nil
			after()
		}
	}
	return hash, err
}

// If a password is replaced while it is compared, the comparison authenticates
// neither a change of it nor a login.
func TestAPasswordReplacedWhileItIsCompared(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(c *clienttest.Client) *clienttest.Answer{
		"change": func(c *clienttest.Client) *clienttest.Answer {
			return c.Post("account/password/change", body{"current_password": password, "new_password": "Unrelated-7-words"})
		},
		"reauthentication": func(c *clienttest.Client) *clienttest.Answer {
			return c.Post("auth/reauthenticate", body{"password": password})
		},
	} {
		store := &replacedLate{Interrupted: &clienttest.Interrupted{Store: memstore.New()}}
		s := clienttest.StartOn(t, store)
		c := s.SignUp(clienttest.App, owner)
		other := s.LogIn(clienttest.App, owner)
		store.reads = 2 // for the session, and to compare
		store.after = func() {
			other.Post("account/password/change", body{"current_password": password, "new_password": password + "-new"}).Status(200)
		}
		if answer := send(c); answer.StatusCode == 200 || store.after != nil {
			t.Errorf("%s: status %d: %s", name, answer.StatusCode, answer.Text)
		}
		s.Client(clienttest.App).Post("auth/login", body{"email": owner, "password": password + "-new"}).LoggedIn(owner)
	}
}
