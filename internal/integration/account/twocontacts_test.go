package account_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	passwords "github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage"
)

// standing is the state of a contact: verified by the user, unverified, or
// another person's because the user mistyped it.
type standing string

const (
	verified   standing = "verified"
	unverified standing = "unverified"
	mistyped   standing = "mistyped"
)

// contactVerification is a way to verify one of the two contacts.
type contactVerification struct {
	by      string // "code", "reset" or "verification"
	contact int
}

// pair is a user with two contacts, and what must be true of them.
type pair struct {
	s        *clienttest.Server
	store    storage.Store
	id       string
	contacts [2]string // each an email address or a number
	standing [2]standing
	gone     [2]bool
	password string // of the account, empty if there is none
	// taken is true once another person has recovered an account of which nothing
	// was verified.
	taken bool
}

// In any order of verifications: verified contacts stay, an unverified contact
// logs in to no account that has a verified one, and only the first verification
// of an account without one removes anything. Each verification comes first in
// each state, and before and after each other one in some.
func TestProofsOfTwoContactsInEveryOrder(t *testing.T) {
	t.Parallel()
	standings := []standing{verified, unverified, mistyped}
	for mode, resetByCode := range map[string]*account.CodeConfig{"links": nil, "codes": {}} {
		for _, kinds := range [][2]string{{"email", "phone"}, {"email", "email"}} {
			t.Run(mode+"/"+kinds[0]+" and "+kinds[1], func(t *testing.T) {
				t.Parallel()
				store := clienttest.Open(t)
				s := clienttest.StartOn(t, store, withPhone, func(cfg *allauth.Config) {
					cfg.Account.SignupFields = []string{"email", "password1*"}
					cfg.Account.PasswordResetByCode = resetByCode
				})
				n, met := 0, map[any]bool{}
				for _, first := range standings {
					for _, second := range standings {
						for _, order := range orders(kinds, [2]standing{first, second}, resetByCode != nil) {
							if !isNew(met, first, second, order) {
								continue
							}
							n++
							if clienttest.Raced && n%3 != 0 {
								continue // the race detector need not see every order
							}
							p := newPair(t, s, store, n, kinds, [2]standing{first, second})
							ok := t.Run(fmt.Sprintf("%s, %s/%v", first, second, order), func(t *testing.T) {
								for _, step := range order {
									p.verify(t, step)
									p.check(t)
								}
							})
							if !ok {
								return
							}
						}
					}
				}
			})
		}
	}
}

// isNew reports whether no user with these standings has begun with that
// verification yet, or whether any two of the standings and verifications have
// not been combined.
func isNew(met map[any]bool, first, second standing, order [2]contactVerification) bool {
	before := len(met)
	met[[3]any{first, second, order[0]}] = true
	members := [4]any{first, second, order[0], order[1]}
	for i := range members {
		for j := range i {
			met[[4]any{i, members[i], j, members[j]}] = true
		}
	}
	return len(met) > before
}

// orders lists all sequences of two verifications that both verify something.
// Only those with a reset differ if resets are by code.
func orders(kinds [2]string, standings [2]standing, resetByCode bool) (list [][2]contactVerification) {
	var verifications []contactVerification
	for i, kind := range kinds {
		verifications = append(verifications, contactVerification{"code", i})
		if standings[i] == unverified {
			verifications = append(verifications, contactVerification{"verification", i})
		}
		if kind == "email" {
			verifications = append(verifications, contactVerification{"reset", i})
		}
	}
	for _, first := range verifications {
		for _, second := range verifications {
			if !resetByCode || first.by == "reset" || second.by == "reset" {
				list = append(list, [2]contactVerification{first, second})
			}
		}
	}
	return list
}

func newPair(t *testing.T, s *clienttest.Server, store storage.Store, n int, kinds [2]string, standing [2]standing) *pair {
	t.Helper()
	s.Clock.Advance(time.Minute)
	p := &pair{s: s, store: store, standing: standing, password: password}
	in := clienttest.NewAccount{PasswordHash: hashOf(t, password)}
	for i, kind := range kinds {
		isVerified := standing[i] == verified
		switch {
		case kind == "phone":
			p.contacts[i] = fmt.Sprintf("+3161%07d", n)
			in.Phone, in.PhoneVerified = p.contacts[i], isVerified
		case i == 0:
			p.contacts[i] = fmt.Sprintf("ann%d@example.org", n)
			in.Email, in.EmailVerified = p.contacts[i], isVerified
		default:
			p.contacts[i] = fmt.Sprintf("other%d@example.org", n)
		}
	}
	user, err := clienttest.Create(t.Context(), s.Auth, in)
	if err != nil {
		t.Fatal(err)
	}
	p.id = user.ID
	if kinds[1] == "email" {
		second := account.EmailAddress{UserID: p.id, Email: p.contacts[1], Verified: standing[1] == verified, CreatedAt: s.Clock.Now()}
		if err := store.AddEmail(t.Context(), second, false); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// hashOf hashes a password as another system does.
func hashOf(t *testing.T, plain string) string {
	t.Helper()
	hasher, err := passwords.NewHasher(clienttest.Cheap())
	if err != nil {
		t.Fatal(err)
	}
	hash, err := hasher.Hash(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func (p *pair) anyVerified() bool { return p.standing[0] == verified || p.standing[1] == verified }

// speaks reports whether the contact can recover the account.
func (p *pair) speaks(i int) bool {
	return !p.gone[i] && (p.standing[i] == verified || !p.anyVerified())
}

// recovered records the effect of a recovery by the contact.
func (p *pair) recovered(i int) {
	if p.anyVerified() {
		return
	}
	p.taken = p.standing[i] == mistyped
	p.gone[1-i], p.password = true, ""
}

func (p *pair) verify(t *testing.T, step contactVerification) {
	t.Helper()
	contact, i := p.contacts[step.contact], step.contact
	byPhone := strings.HasPrefix(contact, "+")
	p.s.Clock.Advance(3 * time.Minute)
	c := p.s.Client(clienttest.App)
	switch step.by {
	case "code":
		field, unknown := "email", func() string { return p.s.MailOf("account/unknown_account", contact).Kind }
		sent := func() string { return p.s.MailOf("account/login_code", contact).Code() }
		if byPhone {
			field, unknown = "phone", func() string { return p.s.Text(contact).Kind }
			sent = func() string { return p.s.Text(contact).Code() }
		}
		c.Post("auth/code/request", body{field: contact}).Status(401).Pending("login_by_code")
		if !p.speaks(i) {
			if kind := unknown(); !strings.HasSuffix(kind, "unknown_account") {
				t.Fatalf("%s got %q", contact, kind)
			}
			c.Post("auth/code/confirm", body{"code": "BBBB-BBBB"}).Problems("code:incorrect_code")
			return
		}
		c.Post("auth/code/confirm", body{"code": sent()}).Status(200)
		p.recovered(i)
		p.standing[i] = verified
	case "reset":
		byCode := p.s.Config.Account.PasswordResetByCode != nil
		c.Post("auth/password/request", body{"email": contact})
		if !p.speaks(i) {
			p.s.MailOf("account/unknown_account", contact)
			return
		}
		replacement := "Another-1-horse"
		if byCode {
			code := p.s.MailOf("account/password_reset_code", contact).Code()
			c.Post("auth/password/reset", body{"key": code, "password": replacement}).Status(401).Pending()
		} else {
			key := p.s.MailOf("account/password_reset_key", contact).Key()
			c.Post("auth/password/reset", body{"key": key, "password": replacement}).Status(401).Pending()
		}
		p.recovered(i)
		p.password = replacement
		if byCode {
			p.standing[i] = verified
		}
	case "verification":
		if p.taken || p.gone[i] || p.standing[i] != unverified {
			return
		}
		if !p.logIn(c) {
			return
		}
		if byPhone {
			c.Post("account/phone", body{"phone": contact}).Status(202)
			c.Post("auth/phone/verify", body{"code": p.s.Text(contact).Code()}).Status(200)
		} else {
			c.Put("account/email", body{"email": contact}).Status(200)
			c.Post("auth/email/verify", body{"key": p.s.MailOf("account/email_confirmation", contact).Key()}).Status(200)
		}
		p.standing[i] = verified
	}
}

// logIn logs in with the password, if the account has one.
func (p *pair) logIn(c *clienttest.Client) bool {
	for i, contact := range p.contacts {
		if p.gone[i] || p.password == "" {
			continue
		}
		field := "email"
		if strings.HasPrefix(contact, "+") {
			field = "phone"
		}
		c.Post("auth/login", body{field: contact, "password": p.password}).Status(200)
		return true
	}
	return false
}

// check compares the account with what must be true of it.
func (p *pair) check(t *testing.T) {
	t.Helper()
	emails, err := p.store.EmailsByUser(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}
	phone, err := p.store.PhoneByUser(t.Context(), p.id)
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, e := range emails {
		has[e.Email] = e.Verified
	}
	if phone != nil {
		has[phone.Number] = phone.Verified
	}
	for i, contact := range p.contacts {
		isVerified, there := has[contact]
		if there == p.gone[i] || isVerified != (p.standing[i] == verified && !p.gone[i]) {
			t.Fatalf("%s is there: %t, verified: %t; want %t, %s", contact, there, isVerified, !p.gone[i], p.standing[i])
		}
	}
	c := p.s.Client(clienttest.App)
	if p.password == "" {
		return
	}
	if !p.logIn(c) {
		t.Fatal("no contact is left to log in with")
	}
}
