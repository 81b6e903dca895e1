package account_test

import (
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// A login waits for the code to a mistyped number, which another login corrects.
// The code then does not add the number, and the verified one stays.
func TestACodeToACorrectedNumberReplacesNoVerifiedOne(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	importAnn(t, s, func(in *clienttest.NewAccount) {
		in.NewUser = authn.NewUser{Email: ann, Phone: number}
		in.EmailVerified = true
	})
	earlier, owner := s.Client(clienttest.App), s.Client(clienttest.App)
	earlier.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("verify_phone")
	code := s.Text(number).Code()
	s.Clock.Advance(time.Minute)
	owner.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("verify_phone")
	owner.Post("account/phone", body{"phone": othersNumber}).Status(202)
	owner.Post("auth/phone/verify", body{"code": s.Text(othersNumber).Code()}).LoggedIn(ann)
	earlier.Post("auth/phone/verify", body{"code": code}).Status(409)
	earlier.Get("auth/session").Status(401).Pending()
	if list := owner.Get("account/phone").Text; list != `{"status":200,"data":[{"phone":"`+othersNumber+`","verified":true}]}` {
		t.Errorf("the account has %s", list)
	}
	earlier.Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
}

// The same for a mistyped address.
func TestACodeToACorrectedAddressAddsItNoMore(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, byName, byCode)
	importAnn(t, s, func(in *clienttest.NewAccount) { in.Email = "ann@exmaple.org" })
	login := body{"username": "ann", "password": password}
	earlier, owner := s.Client(clienttest.App), s.Client(clienttest.App)
	earlier.Post("auth/login", login).Status(401).Pending("verify_email")
	code := verification(s, "ann@exmaple.org")
	s.Clock.Advance(time.Minute)
	owner.Post("auth/login", login).Status(401).Pending("verify_email")
	owner.Post("account/email", body{"email": ann}).Status(200)
	owner.Post("auth/email/verify", verification(s, ann)).LoggedIn(ann)
	earlier.Post("auth/email/verify", code).Status(409)
	earlier.Get("auth/session").Status(401).Pending()
	if list := owner.Get("account/email").Text; list != `{"status":200,"data":[{"email":"ann@example.org","verified":true,"primary":true}]}` {
		t.Errorf("the account has %s", list)
	}
	earlier.Post("auth/login", login).LoggedIn(ann)
}

// An account with the maximum of addresses has one that another user has
// verified. An address that its user adds during a login replaces it.
func TestAGivenAddressReplacesATakenOne(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode func(cfg *allauth.Config)) {
		store := clienttest.Open(t)
		s := clienttest.StartOn(t, store, byName, mode, func(cfg *allauth.Config) { cfg.Account.MaxEmailAddresses = 1 })
		importAnn(t, s, func(in *clienttest.NewAccount) { in.Email = "bob@example.org" })
		addVerified(t, s, store, "bob", "bob@example.org")
		c := s.Client(clienttest.App)
		c.Post("auth/login", body{"username": "ann", "password": password}).Status(401).Pending("verify_email")
		c.Post("account/email", body{"email": ann}).Status(200)
		c.Post("auth/email/verify", verification(s, ann)).LoggedIn(ann)
		if list := c.Get("account/email").Text; list != `{"status":200,"data":[{"email":"ann@example.org","verified":true,"primary":true}]}` {
			t.Errorf("the account has %s", list)
		}
	})
}

// The owner of an address can add it although another user mistyped it as theirs,
// also with AllowEnumeration.
func TestAMistypedAddressCanBeAddedByItsOwner(t *testing.T) {
	t.Parallel()
	const owned = "second@example.org"
	bothModes(t, func(t *testing.T, mode func(cfg *allauth.Config)) {
		store := clienttest.Open(t)
		s := clienttest.StartOn(t, store, mode, func(cfg *allauth.Config) { cfg.Account.Enumeration = account.AllowEnumeration })
		for _, email := range []string{ann, "bob@example.org"} {
			id := importAnn(t, s, func(in *clienttest.NewAccount) {
				in.NewUser, in.EmailVerified = authn.NewUser{Email: email}, true
			})
			if email == ann {
				mistyped := account.EmailAddress{UserID: id, Email: owned, CreatedAt: s.Clock.Now()}
				if err := store.AddEmail(t.Context(), mistyped, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		owner := s.LogIn(clienttest.App, "bob@example.org")
		owner.Post("account/email", body{"email": owned}).Status(200)
		owner.Post("auth/email/verify", verification(s, owned)).LoggedIn("bob@example.org")
	})
}
