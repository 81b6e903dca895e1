package account_test

import (
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

const ann = "ann@example.org"

// withBoth requires an address and a number, both verified by code, and a code
// after every other method.
func withBoth(cfg *allauth.Config) {
	withPhone(cfg)
	withCodes(cfg)
	cfg.Account.SignupFields = []string{"phone*", "email*", "password1*"}
	cfg.Account.EmailVerification = authn.VerificationMandatory
	cfg.Account.LoginByCode.Required = true
}

// leaveAfterMail signs Ann up, verifies her address and stops before the number
// is verified.
func leaveAfterMail(s *clienttest.Server) {
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": ann, "phone": number, "password": password}).Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("verify_phone")
	s.Text(number)
	s.Clock.Advance(20 * time.Minute)
}

// A code that is requested with an unverified number is answered as for an
// unknown number, and changes nothing in the account.
func TestALoginCodeToAnUnverifiedNumberLeavesTheAccountAlone(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, withBoth)
		leaveAfterMail(s)
		known, unknown := s.Client(kind), s.Client(kind)
		asked := known.Post("auth/code/request", body{"phone": number}).Status(401).Pending("login_by_code")
		if other := unknown.Post("auth/code/request", body{"phone": othersNumber}).Status(401); withoutToken(asked) != withoutToken(other) {
			t.Errorf("a number of an account answers %s, another one %s", asked.Text, other.Text)
		}
		for _, to := range []string{number, othersNumber} {
			if kind := s.Text(to).Kind; kind != "unknown_account" {
				t.Errorf("%s got %q", to, kind)
			}
		}
		known.Post("auth/code/confirm", body{"code": "BBBB-BBBB"}).Problems("code:incorrect_code")

		owner := s.Client(kind)
		owner.Post("auth/login", body{"phone": number, "password": password}).Status(401).Pending("login_by_code")
		owner.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("verify_phone")
		owner.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).LoggedIn(ann)
		s.Clock.Advance(20 * time.Minute)
		again := s.Client(kind)
		again.Post("auth/code/request", body{"phone": number}).Status(401)
		again.Post("auth/code/confirm", body{"code": s.Text(number).Code()}).LoggedIn(ann)
	})
}

// A user who mistyped their number does not prevent the owner of the number from
// signing up, in any mode.
func TestAMistypedNumberIsFreeForItsOwner(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]account.Enumeration{
		"prevented": account.PreventEnumeration, "strictly": account.PreventEnumerationStrictly, "allowed": account.AllowEnumeration,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, withBoth, func(cfg *allauth.Config) { cfg.Account.Enumeration = mode })
			leaveAfterMail(s)
			owner := s.Client(clienttest.App)
			owner.Post("auth/signup", body{"email": "bob@example.org", "phone": number, "password": password}).Status(401).Pending("login_by_code")
			owner.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", "bob@example.org").Code()}).Status(401).Pending("verify_phone")
			owner.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).LoggedIn("bob@example.org")
			// Ann, who mistyped it, still has her account.
			s.Clock.Advance(time.Minute)
			c := s.Client(clienttest.App)
			c.Post("auth/code/request", body{"email": ann}).Status(401)
			c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("verify_phone")
		})
	}
}

// The same for an address, in an account that has verified another contact.
func TestAMistypedAddressIsFreeForItsOwner(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]account.Enumeration{
		"prevented": account.PreventEnumeration, "strictly": account.PreventEnumerationStrictly, "allowed": account.AllowEnumeration,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, withPhone, func(cfg *allauth.Config) {
				cfg.Account.Enumeration = mode
				cfg.Account.SignupFields = []string{"phone", "email", "password1*"}
			})
			c := s.Client(clienttest.App)
			c.Post("auth/signup", body{"email": "bob@example.org", "phone": number, "password": password}).Status(401).Pending("verify_phone")
			c.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).Status(200)
			s.Clock.Advance(4 * time.Minute)
			owner := s.Client(clienttest.App)
			owner.Post("auth/signup", body{"email": "bob@example.org", "password": "Bobs-own-horse-1"}).LoggedIn("bob@example.org")
			c.Get("auth/session").Status(200)
		})
	}
}

// Imported accounts often have verified addresses and unverified numbers.
func TestAnImportedUserKeepsTheirAccount(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withBoth)
	_, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{
		NewUser:       authn.NewUser{Email: ann, Phone: number},
		EmailVerified: true,
		PasswordHash:  hashOf(t, password),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Client(clienttest.App).Post("auth/code/request", body{"phone": number}).Status(401).Pending("login_by_code")
	if kind := s.Text(number).Kind; kind != "unknown_account" {
		t.Errorf("the number got %q", kind)
	}
	s.Clock.Advance(time.Minute)
	c := s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": ann}).Status(401)
	c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("verify_phone")
	c.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).LoggedIn(ann)
	s.Clock.Advance(time.Minute)
	byPassword := s.Client(clienttest.App)
	byPassword.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("login_by_code")
	byPassword.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).LoggedIn(ann)
}

// A code was sent to a number while the account had nothing verified. When it
// comes back, the address is verified.
func TestACodeIsVoidOnceItsContactDoesNotSpeakForTheAccount(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone, func(cfg *allauth.Config) { cfg.Account.SignupFields = []string{"email", "password1*"} })
	_, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{
		NewUser: authn.NewUser{Email: ann, Phone: number}, PasswordHash: hashOf(t, password),
	})
	if err != nil {
		t.Fatal(err)
	}
	finder := s.Client(clienttest.App)
	finder.Post("auth/code/request", body{"phone": number}).Status(401)
	code := s.Text(number).Code()
	owner := s.Client(clienttest.App)
	owner.Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
	owner.Put("account/email", body{"email": ann}).Status(200)
	owner.Post("auth/email/verify", body{"key": s.MailOf("account/email_confirmation", ann).Key()}).LoggedIn(ann)
	finder.Post("auth/code/confirm", body{"code": code}).Status(409)
	finder.Get("auth/session").Status(401).Pending()
	owner.Get("auth/session").LoggedIn(ann)
	s.LogIn(clienttest.App, ann)
}

// The code after a password goes to a verified contact, if there is one: a
// mistyped one would lock the user out, or show the code to another person.
func TestARequiredCodeGoesToAVerifiedContact(t *testing.T) {
	t.Parallel()
	for name, user := range map[string]struct {
		verified, typed string // the verified contact, and the typed identifier
	}{
		"the number, where the address is mistyped":         {number, number},
		"the number, where the mistyped address is given":   {number, ann},
		"the address, where the number is mistyped":         {ann, ann},
		"the address, where the mistyped number is given":   {ann, number},
		"the typed number, where nothing has been verified": {"", number},
		"the address, where nothing has been verified":      {"", ann},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, withPhone, func(cfg *allauth.Config) {
				cfg.Account.SignupFields = []string{"email", "password1*"}
				cfg.Account.LoginByCode.Required = true
			})
			_, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{
				NewUser:       authn.NewUser{Email: ann, Phone: number},
				EmailVerified: user.verified == ann, PhoneVerified: user.verified == number,
				PasswordHash: hashOf(t, password),
			})
			if err != nil {
				t.Fatal(err)
			}
			to := user.verified
			if to == "" {
				to = user.typed
			}
			field := map[string]string{ann: "email", number: "phone"}[user.typed]
			c := s.Client(clienttest.App)
			c.Post("auth/login", body{field: user.typed, "password": password}).Status(401).Pending("login_by_code")
			var code string
			if to == number {
				code = s.Text(number).Code()
			} else {
				code = s.Mail(ann).Code()
			}
			c.Post("auth/code/confirm", body{"code": code}).Status(200)
			if mails, texts := s.Mails(ann), s.AllTexts(); len(mails)+len(texts) > 0 {
				t.Errorf("also sent: %v %v", mails, texts)
			}
		})
	}
}

// If accounts have one address, a user with two, both verified by a provider,
// keeps them when a code for the second one is confirmed.
func TestALoginByCodeTakesNoVerifiedAddress(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) {
		cfg.Account.ChangeEmail = true
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	})
	user, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: ann}, EmailVerified: true})
	if err != nil {
		t.Fatal(err)
	}
	second := account.EmailAddress{UserID: user.ID, Email: "second@example.org", Verified: true, CreatedAt: s.Clock.Now()}
	if err := store.AddEmail(t.Context(), second, false); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"second@example.org", ann} {
		c := s.Client(clienttest.App)
		c.Post("auth/code/request", body{"email": email}).Status(401)
		c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", email).Code()}).LoggedIn(ann)
	}
}
