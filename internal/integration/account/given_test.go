package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage"
)

const totpSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

// byName is the login of users with a username.
func byName(cfg *allauth.Config) {
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername, account.LoginByEmail}
	cfg.Account.SignupFields = []string{"username*", "email*", "password1*"}
	cfg.MFA = &mfa.Config{}
}

func byCode(cfg *allauth.Config) { cfg.Account.EmailVerificationByCode = &account.CodeConfig{} }

func byLink(*allauth.Config) {}

// importAnn creates an account named ann. edit may change it first.
func importAnn(t *testing.T, s *clienttest.Server, edit ...func(in *clienttest.NewAccount)) string {
	t.Helper()
	in := clienttest.NewAccount{NewUser: authn.NewUser{Username: "ann"}, PasswordHash: hashOf(t, password)}
	for _, change := range edit {
		change(&in)
	}
	user, err := clienttest.Create(t.Context(), s.Auth, in)
	if err != nil {
		t.Fatal(err)
	}
	return user.ID
}

// importApp gives the user an authenticator app.
func importApp(t *testing.T, s *clienttest.Server, userID string) {
	t.Helper()
	if _, err := s.Auth.ImportAuthenticator(t.Context(), userID, mfa.Imported{Secret: totpSecret}); err != nil {
		t.Fatal(err)
	}
}

func appCode(t *testing.T, s *clienttest.Server) string {
	t.Helper()
	code, err := totp.GenerateCode(totpSecret, s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// verification verifies the address with the mailed code or link.
func verification(s *clienttest.Server, email string) body {
	mail := s.MailOf("account/email_confirmation", email)
	if s.Config.Account.EmailVerificationByCode != nil {
		return body{"key": mail.Code()}
	}
	return body{"key": mail.Key()}
}

// bothModes runs the test with verification by code, and by link.
func bothModes(t *testing.T, test func(t *testing.T, mode func(cfg *allauth.Config))) {
	for name, mode := range map[string]func(cfg *allauth.Config){"code": byCode, "link": byLink} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, mode)
		})
	}
}

// A user of another system who had only a username adds an address at the first
// login.
func TestAUserWithoutAnAddressGivesOne(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode func(cfg *allauth.Config)) {
		clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
			s := clienttest.Start(t, byName, mode)
			importAnn(t, s)
			c := s.Client(kind)
			c.Post("auth/login", body{"username": "ann", "password": password}).Status(401).Pending("verify_email")
			c.Post("auth/email/verify/resend", nil).Status(409)
			c.Get("auth/session").Status(401).Pending("verify_email")
			c.Post("account/email", body{"email": "no address"}).Problems("email:invalid")
			list := c.Post("account/email", body{"email": "Ann@Example.org"}).Status(200).Text
			if want := `{"status":200,"data":[{"email":"ann@example.org","verified":false,"primary":false}]}`; list != want {
				t.Errorf("given: %s, want %s", list, want)
			}
			c.Get("account/email").Status(401).Pending("verify_email")
			c.Post("auth/email/verify", verification(s, ann)).LoggedIn(ann)
			if list := c.Get("account/email").Status(200).Text; list != `{"status":200,"data":[{"email":"ann@example.org","verified":true,"primary":true}]}` {
				t.Errorf("stored: %s", list)
			}
			s.LogIn(kind, ann)
		})
	})
}

// If the link is opened elsewhere, the login continues in the session that waited
// for it, and in no other.
func TestALinkToAGivenAddressIsOpenedElsewhere(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, byName)
	importAnn(t, s)
	login := body{"username": "ann", "password": password}
	waiting, elsewhere := s.Client(clienttest.App), s.Client(clienttest.Browser)
	waiting.Post("auth/login", login).Status(401).Pending("verify_email")
	waiting.Post("account/email", body{"email": ann}).Status(200)
	key := verification(s, ann)
	waiting.Post("auth/login", login).Status(401).Pending("verify_email")
	elsewhere.Header.Set("X-Email-Verification-Key", key["key"].(string))
	if email := elsewhere.Get("auth/email/verify").Status(200).Value("data", "email"); email != ann {
		t.Errorf("the link shows %v", email)
	}
	elsewhere.Post("auth/email/verify", key).Status(401).Pending()
	elsewhere.Post("auth/email/verify", key).Problems("key:invalid_or_expired_key")
	s.Client(clienttest.App).Post("auth/login", login).Status(401).Pending("verify_email")
	waiting.Post("auth/login", login).LoggedIn(ann)
}

// A link to an address that was added during a login is valid as long as the
// login attempt.
func TestALinkToAGivenAddressExpiresWithTheLogin(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, byName)
	importAnn(t, s)
	c := s.Client(clienttest.App)
	c.Post("auth/login", body{"username": "ann", "password": password}).Status(401)
	c.Post("account/email", body{"email": ann}).Status(200)
	key := verification(s, ann)
	s.Clock.Advance(16 * time.Minute)
	c.Post("auth/email/verify", key).Problems("key:invalid_or_expired_key")
	c.Get("auth/session").Status(401).Pending()
}

// A thief of a password adds an address of their own and verifies it. The account
// gets it only after the second factor.
func TestAStolenPasswordPlantsNoAddress(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode func(cfg *allauth.Config)) {
		store := clienttest.Open(t)
		s := clienttest.StartOn(t, store, byName, mode)
		id := importAnn(t, s)
		importApp(t, s, id)
		logIn := func(email string) *clienttest.Client {
			c := s.Client(clienttest.App)
			c.Post("auth/login", body{"username": "ann", "password": password}).Status(401).Pending("verify_email")
			c.Post("account/email", body{"email": email}).Status(200)
			c.Post("auth/email/verify", verification(s, email)).Status(401).Pending("mfa_authenticate")
			return c
		}
		thief := logIn("thief@example.org")
		thief.Post("auth/2fa/authenticate", body{"code": "000000"}).Problems("code:incorrect_code")
		if emails, err := store.EmailsByUser(t.Context(), id); err != nil || len(emails) > 0 {
			t.Fatalf("the account has %v, %v", emails, err)
		}
		s.Client(clienttest.App).Post("auth/password/request", body{"email": "thief@example.org"}).Status(200)
		s.MailOf("account/unknown_account", "thief@example.org")

		owner := logIn(ann)
		owner.Post("auth/2fa/authenticate", body{"code": appCode(t, s)}).LoggedIn(ann)
		if list := owner.Get("account/email").Status(200).Text; strings.Contains(list, "thief") {
			t.Errorf("the account has %s", list)
		}
	})
}

// The same for a number.
func TestAStolenPasswordPlantsNoNumber(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	s := clienttest.StartOn(t, store, withPhone, func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{} })
	id := importAnn(t, s, func(in *clienttest.NewAccount) {
		in.NewUser = authn.NewUser{Email: ann, Phone: number}
		in.EmailVerified = true
	})
	importApp(t, s, id)
	thief := s.Client(clienttest.App)
	thief.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("verify_phone")
	thief.Post("account/phone", body{"phone": othersNumber}).Status(202)
	thief.Post("auth/phone/verify", body{"code": s.Text(othersNumber).Code()}).Status(401).Pending("mfa_authenticate")
	if phone, err := store.PhoneByUser(t.Context(), id); err != nil || phone.Number != number || phone.Verified {
		t.Fatalf("the account has %+v, %v", phone, err)
	}
	thief.Post("auth/2fa/authenticate", body{"code": appCode(t, s)}).LoggedIn(ann)
	if phone, err := store.PhoneByUser(t.Context(), id); err != nil || phone.Number != othersNumber || !phone.Verified {
		t.Fatalf("the account has %+v, %v", phone, err)
	}
}

// An address that another user has verified is not added. Its owner is told, and
// the response is that for any other address, except with AllowEnumeration.
func TestATakenAddressIsNotGiven(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode func(cfg *allauth.Config)) {
		for name, allow := range map[string]bool{"hidden": false, "told": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := clienttest.Start(t, byName, mode, func(cfg *allauth.Config) {
					if allow {
						cfg.Account.Enumeration = account.AllowEnumeration
					}
				})
				importAnn(t, s)
				importAnn(t, s, func(in *clienttest.NewAccount) {
					in.NewUser = authn.NewUser{Username: "bob", Email: "bob@example.org"}
					in.EmailVerified = true
				})
				c := s.Client(clienttest.App)
				c.Post("auth/login", body{"username": "ann", "password": password}).Status(401).Pending("verify_email")
				if allow {
					c.Post("account/email", body{"email": "bob@example.org"}).Problems("email:email_taken")
				} else {
					c.Post("account/email", body{"email": "bob@example.org"}).Status(200)
					s.MailOf("account/account_already_exists", "bob@example.org")
				}
				c.Get("auth/session").Status(401).Pending("verify_email")
				c.Post("account/email", body{"email": ann}).Status(200)
				c.Post("auth/email/verify", verification(s, ann)).LoggedIn(ann)
			})
		}
	})
}

// Another user verifies the address while the login waits for the second factor.
func TestAGivenAddressIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode func(cfg *allauth.Config)) {
		store := clienttest.Open(t)
		s := clienttest.StartOn(t, store, byName, mode)
		id := importAnn(t, s)
		importApp(t, s, id)
		c := s.Client(clienttest.App)
		c.Post("auth/login", body{"username": "ann", "password": password}).Status(401).Pending("verify_email")
		c.Post("account/email", body{"email": ann}).Status(200)
		c.Post("auth/email/verify", verification(s, ann)).Status(401).Pending("mfa_authenticate")
		addVerified(t, s, store, "another", ann)
		c.Post("auth/2fa/authenticate", body{"code": appCode(t, s)}).Status(401).Pending("verify_email")
		if emails, err := store.EmailsByUser(t.Context(), id); err != nil || len(emails) > 0 {
			t.Errorf("the account has %v, %v", emails, err)
		}
		c.Post("account/email", body{"email": "other@example.org"}).Status(200)
		c.Post("auth/email/verify", verification(s, "other@example.org")).Status(401).Pending("mfa_authenticate")
		s.Clock.Advance(time.Minute)
		c.Post("auth/2fa/authenticate", body{"code": appCode(t, s)}).LoggedIn("other@example.org")
	})
}

// addVerified creates another account that has verified the address.
func addVerified(t *testing.T, s *clienttest.Server, store storage.Store, username, email string) {
	t.Helper()
	other := importAnn(t, s, func(in *clienttest.NewAccount) { in.Username = username })
	address := account.EmailAddress{UserID: other, Email: email, Verified: true, Primary: true, CreatedAt: s.Clock.Now()}
	if err := store.AddEmail(t.Context(), address, false); err != nil {
		t.Fatal(err)
	}
}

// Another user has verified the address that the user typed at sign-up. It gets
// no more mails, and the user adds another address.
func TestAnAddressThatAnotherUserVerifiedIsReplaced(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode func(cfg *allauth.Config)) {
		store := clienttest.Open(t)
		s := clienttest.StartOn(t, store, byName, mode)
		importAnn(t, s, func(in *clienttest.NewAccount) { in.Email = "bob@example.org" })
		addVerified(t, s, store, "bob", "bob@example.org")
		c := s.Client(clienttest.App)
		c.Post("auth/login", body{"username": "ann", "password": password}).Status(401).Pending("verify_email")
		c.Post("account/email", body{"email": ann}).Status(200)
		c.Post("auth/email/verify", verification(s, ann)).LoggedIn(ann)
		if mails := s.Mails("bob@example.org"); len(mails) > 0 {
			t.Errorf("bob got %v", mails)
		}
	})
}

// An awaited address can be corrected at every login, whatever else the account
// has verified. The mistyped one is removed.
func TestAMistypedAddressIsCorrectedAtTheNextLogin(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode func(cfg *allauth.Config)) {
		s := clienttest.Start(t, withPhone, mode, func(cfg *allauth.Config) {
			cfg.Account.SignupFields = []string{"phone*", "email*", "password1*"}
			cfg.Account.EmailVerification = authn.VerificationMandatory
		})
		signup := s.Client(clienttest.App)
		signup.Post("auth/signup", body{"phone": number, "email": "ann@exmaple.org", "password": password}).Status(401).Pending("verify_phone")
		signup.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).Status(401).Pending("verify_email")
		s.Clock.Advance(20 * time.Minute)
		for _, way := range []string{"password", "code"} {
			c := s.Client(clienttest.App)
			if way == "password" {
				c.Post("auth/login", body{"phone": number, "password": password}).Status(401).Pending("verify_email")
				c.Post("account/email", body{"email": "wrong@exmaple.org"}).Status(200)
				s.Clock.Advance(20 * time.Minute)
				continue
			}
			c.Post("auth/code/request", body{"phone": number}).Status(401)
			c.Post("auth/code/confirm", body{"code": s.Text(number).Code()}).Status(401).Pending("verify_email")
			c.Post("account/email", body{"email": ann}).Status(200)
			c.Post("auth/email/verify", verification(s, ann)).LoggedIn(ann)
			if list := c.Get("account/email").Status(200).Text; list != `{"status":200,"data":[{"email":"ann@example.org","verified":true,"primary":true}]}` {
				t.Errorf("the account has %s", list)
			}
		}
	})
}

// An awaited number can be corrected at every login, also after the address was
// verified.
func TestAMistypedNumberIsCorrectedAtTheNextLogin(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string]int{"by default": 0, "twice": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, withPhone, withCodes, func(cfg *allauth.Config) {
				cfg.Account.SignupFields = []string{"phone*", "email*", "password1*"}
				cfg.Account.EmailVerification = authn.VerificationMandatory
				cfg.Account.LoginByCode.Required = true
				cfg.Account.Phone.Changes = changes
			})
			leaveAfterMail(s)
			c := s.Client(clienttest.App)
			c.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("login_by_code")
			c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("verify_phone")
			s.Text(number)
			list := c.Post("account/phone", body{"phone": othersNumber}).Status(202).Text
			if want := `{"status":202,"data":[{"phone":"` + othersNumber + `","verified":false}]}`; list != want {
				t.Errorf("corrected: %s, want %s", list, want)
			}
			c.Post("auth/phone/verify", body{"code": s.Text(othersNumber).Code()}).LoggedIn(ann)
			if list := c.Get("account/phone").Status(200).Text; list != `{"status":200,"data":[{"phone":"`+othersNumber+`","verified":true}]}` {
				t.Errorf("stored: %s", list)
			}
		})
	}
}

// The number is verified in one session while another one corrects it.
func TestACorrectionReplacesNoVerifiedNumber(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	importAnn(t, s, func(in *clienttest.NewAccount) {
		in.NewUser = authn.NewUser{Email: ann, Phone: number}
		in.EmailVerified = true
	})
	first, second := s.Client(clienttest.App), s.Client(clienttest.App)
	first.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("verify_phone")
	code := s.Text(number).Code()
	s.Clock.Advance(time.Minute)
	second.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("verify_phone")
	second.Post("account/phone", body{"phone": othersNumber}).Status(202)
	first.Post("auth/phone/verify", body{"code": code}).LoggedIn(ann)
	second.Post("auth/phone/verify", body{"code": s.Text(othersNumber).Code()}).LoggedIn(ann)
	if list := first.Get("account/phone").Status(200).Text; !strings.Contains(list, `"`+number+`","verified":true`) {
		t.Errorf("the account has %s", list)
	}
}

// A number that another user has verified gets no codes of this account.
func TestANumberThatAnotherUserVerifiedIsCorrected(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	importAnn(t, s, func(in *clienttest.NewAccount) {
		in.NewUser = authn.NewUser{Email: ann, Phone: number}
		in.EmailVerified = true
	})
	owner := s.Client(clienttest.App)
	owner.Post("auth/signup", body{"phone": number, "password": password}).Status(401).Pending("verify_phone")
	owner.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).Status(200)
	s.Clock.Advance(time.Minute)
	c := s.Client(clienttest.App)
	c.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("verify_phone")
	s.Clock.Advance(time.Minute)
	c.Post("auth/phone/verify/resend", nil).Status(200)
	c.Post("account/phone", body{"phone": othersNumber}).Status(202)
	c.Post("auth/phone/verify", body{"code": s.Text(othersNumber).Code()}).LoggedIn(ann)
	if texts := s.AllTexts(); len(texts) > 0 {
		t.Errorf("also sent: %v", texts)
	}
}
