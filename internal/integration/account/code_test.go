package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

func TestVerificationByCode(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, withCodes)
		c := s.Client(kind)
		c.Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(401).Pending("verify_email")
		first := s.Mail("ann@example.org").Code()
		s.Clock.Advance(clienttest.NextCode)
		c.Post("auth/email/verify/resend", nil).Status(200)
		second := s.Mail("ann@example.org").Code()
		c.Post("auth/email/verify", body{"key": first}).Problems("key:incorrect_code")
		c.Post("account/email", body{"email": "better@example.org"}).Status(200)
		third := s.Mail("better@example.org").Code()
		c.Post("auth/email/verify", body{"key": second}).Problems("key:incorrect_code")
		s.Client(kind).Post("auth/email/verify", body{"key": third}).Status(409)
		c.Post("auth/email/verify", body{"key": third}).LoggedIn("better@example.org")
		c.Post("auth/email/verify", body{"key": third}).Status(409)
	})
}

func TestCodesAreComparedForgivingly(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(code string) string{
		"as it is":   func(code string) string { return code },
		"lower case": strings.ToLower,
		"no hyphens": func(code string) string { return strings.ReplaceAll(code, "-", "") },
		"blanks":     func(code string) string { return " " + strings.ReplaceAll(code, "-", " ") + "\t" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, withCodes)
			s.SignUp(clienttest.App, "ann@example.org")
			c := s.Client(clienttest.App)
			c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401)
			c.Post("auth/code/confirm", body{"code": write(s.Mail("ann@example.org").Code())}).LoggedIn("ann@example.org")
		})
	}
}

func TestACodeMayBeSentAsANumber(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode.Format = account.CodeFormat{Numeric: true, Length: 6}
	})
	s.SignUp(clienttest.App, "ann@example.org")
	// A number cannot begin with a zero; one code in ten does.
	var c *clienttest.Client
	code := "0"
	for strings.HasPrefix(code, "0") {
		c = s.Client(clienttest.App)
		c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401)
		code = strings.ReplaceAll(s.Mail("ann@example.org").Code(), "-", "")
	}
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		t.Fatalf("code %q, want six digits", code)
	}
	c.Post("auth/code/confirm", `{"code": `+code+`}`).LoggedIn("ann@example.org")
}

func TestCodesExpireFromTheFirstRequest(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401)
	s.Mail("ann@example.org")
	s.Clock.Advance(2 * time.Minute)
	c.Post("auth/code/resend", nil).Status(200)
	code := s.Mail("ann@example.org").Code()
	s.Clock.Advance(time.Minute + time.Second)
	c.Post("auth/code/confirm", body{"code": code}).Status(409)
	c.Get("auth/session").Status(401).Pending()
}

// A login does not wait for an expired code.
func TestAnExpiredCodeEndsItsLogin(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(401).Pending("verify_email")
	code := s.Mail("ann@example.org").Code()
	s.Clock.Advance(10*time.Minute + time.Second)
	c.Post("auth/email/verify", body{"key": code}).Status(409)
	c.Get("auth/session").Status(401).Pending()
}

func TestResendingHasAnEnd(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	s.SignUp(clienttest.App, "ann@example.org")
	for _, email := range []string{"ann@example.org", "unknown@example.org"} {
		c := s.Client(clienttest.App)
		c.Post("auth/code/request", body{"email": email}).Status(401)
		for range 2 {
			c.Post("auth/code/resend", nil).Status(200)
		}
		c.Post("auth/code/resend", nil).Status(409)
	}
}

// If another user adds an address, its owner is told, and gets no codes.
func TestATakenAddressGetsNoCodes(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	s.SignUp(clienttest.App, "bob@example.org")
	s.SignUp(clienttest.App, "ann@example.org")
	ann := s.LogIn(clienttest.App, "ann@example.org")
	for _, email := range []string{"bob@example.org", "free@example.org"} {
		s.Clock.Advance(clienttest.NextCode)
		ann.Post("account/email", body{"email": email}).Status(200)
		s.Clock.Advance(clienttest.NextCode)
		ann.Post("auth/email/verify/resend", nil).Status(200)
	}
	s.MailOf("account/account_already_exists", "bob@example.org")
	for range 2 {
		s.Mail("free@example.org").Code()
	}
	if mails := s.Mails("bob@example.org"); len(mails) > 0 {
		t.Errorf("bob got %v as well", mails)
	}
}

func TestWrongCodesEndTheFlow(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes, func(cfg *allauth.Config) { cfg.Account.Phone = &account.PhoneConfig{} })
	s.SignUp(clienttest.App, "ann@example.org")
	owner := s.LogIn(clienttest.App, "ann@example.org")
	for name, flow := range map[string]struct {
		begin  func(c *clienttest.Client) string
		finish func(c *clienttest.Client, code string) *clienttest.Answer
		param  string
	}{
		"login": {
			begin: func(c *clienttest.Client) string {
				c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401)
				return s.Mail("ann@example.org").Code()
			},
			finish: func(c *clienttest.Client, code string) *clienttest.Answer {
				return c.Post("auth/code/confirm", body{"code": code})
			},
			param: "code",
		},
		"verification": {
			begin: func(c *clienttest.Client) string {
				c.Post("auth/signup", body{"email": "bob@example.org", "password": password}).Status(401)
				return s.Mail("bob@example.org").Code()
			},
			finish: func(c *clienttest.Client, code string) *clienttest.Answer {
				return c.Post("auth/email/verify", body{"key": code})
			},
			param: "key",
		},
		"reset": {
			begin: func(c *clienttest.Client) string {
				c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(401).Pending("password_reset_by_code")
				return s.Mail("ann@example.org").Code()
			},
			finish: func(c *clienttest.Client, code string) *clienttest.Answer {
				return c.Post("auth/password/reset", body{"key": code, "password": "Another-1-horse"})
			},
			param: "key",
		},
		"phone": {
			begin: func(c *clienttest.Client) string {
				*c = *owner
				c.Post("account/phone", body{"phone": "+31201234567"}).Status(202)
				return s.Text("+31201234567").Code()
			},
			finish: func(c *clienttest.Client, code string) *clienttest.Answer {
				return c.Post("auth/phone/verify", body{"code": code})
			},
			param: "code",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.Client(clienttest.App)
			code := flow.begin(c)
			for range 3 {
				flow.finish(c, "BBBB-BBBB").Problems(flow.param + ":incorrect_code")
			}
			flow.finish(c, code).Status(409)
		})
	}
}

func TestLoginCodeIsWorthlessElsewhere(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	s.SignUp(clienttest.App, "ann@example.org")
	s.SignUp(clienttest.App, "eve@example.org")
	mine, hers := s.Client(clienttest.App), s.Client(clienttest.App)
	mine.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401)
	hers.Post("auth/code/request", body{"email": "eve@example.org"}).Status(401)
	code := s.Mail("ann@example.org").Code()
	hers.Post("auth/code/confirm", body{"code": code}).Problems("code:incorrect_code")
	s.Client(clienttest.App).Post("auth/code/confirm", body{"code": code}).Status(409)
	mine.Post("auth/code/confirm", body{"code": code}).LoggedIn("ann@example.org")
	mine.Post("auth/code/confirm", body{"code": code}).Status(409)
}

func TestCodesNeverStandInTheLog(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401)
	code := s.Mail("ann@example.org").Code()
	c.Post("auth/code/confirm", body{"code": code}).LoggedIn("ann@example.org")
	for _, secret := range []string{code, strings.ToLower(code), c.Token, password} {
		if s.Log.Contains(secret) {
			t.Errorf("the log holds a secret")
		}
	}
}

func TestACodeIsRequiredAfterThePassword(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, withCodes)
		s.SignUp(kind, "ann@example.org")
		strict := clienttest.Start(t, withCodes, func(cfg *allauth.Config) { cfg.Account.LoginByCode.RequiredFor = []string{"password"} })
		c := strict.Client(kind)
		c.Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(401).Pending("login_by_code")
		c.Post("auth/code/confirm", body{"code": strict.Mail("ann@example.org").Code()}).LoggedIn("ann@example.org")
		again := strict.Client(kind)
		again.Post("auth/login", body{"email": "ann@example.org", "password": password}).Status(401).Pending("login_by_code")
		again.Get("account/email").Status(401)
		again.Post("auth/code/confirm", body{"code": strict.Mail("ann@example.org").Code()}).LoggedIn("ann@example.org")
	})
}

func TestPasswordResetByCode(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, withCodes)
		s.SignUp(kind, "ann@example.org")
		c := s.Client(kind)
		c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(401).Pending("password_reset_by_code")
		code := s.Mail("ann@example.org").Code()
		c.Header.Set("X-Password-Reset-Key", code)
		c.Get("auth/password/reset").Status(200)
		c.Post("auth/password/reset", body{"key": code, "password": "Another-1-horse"}).Status(401).Pending()
		c.Post("auth/login", body{"email": "ann@example.org", "password": "Another-1-horse"}).LoggedIn("ann@example.org")
	})
}

func TestANewResetByCodeReplacesTheEarlierOneOfTheSession(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.App)
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(401)
	first := s.Mail("ann@example.org").Code()
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(401)
	c.Post("auth/password/reset", body{"key": first, "password": "Another-1-horse"}).Problems("key:incorrect_code")
	c.Post("auth/password/reset", body{"key": s.Mail("ann@example.org").Code(), "password": "Another-1-horse"}).Status(401)
}

// A user who mistyped their address or number can come back and correct it. Once
// either is verified, the password alone does not suffice to replace it.
func TestWhoHasNeverGotInMayCorrectWhatIsAwaited(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	s.Client(clienttest.App).Post("auth/signup", body{"email": "ann@exmaple.org", "password": password}).Status(401)
	s.Clock.Advance(clienttest.NextCode)
	c := s.Client(clienttest.App)
	c.Post("auth/login", body{"email": "ann@exmaple.org", "password": password}).Status(401).Pending("verify_email")
	if text := c.Post("account/email", body{"email": "ann@example.org"}).Status(200).Text; text != `{"status":200,"data":[{"email":"ann@example.org","verified":false,"primary":false}]}` {
		t.Errorf("corrected to %s", text)
	}
	c.Post("auth/email/verify", body{"key": s.Mail("ann@example.org").Code()}).LoggedIn("ann@example.org")

	s = clienttest.Start(t, withPhone)
	s.Client(clienttest.App).Post("auth/signup", body{"phone": "+31612345678", "email": "ann@example.org", "password": password}).Status(401)
	s.Clock.Advance(clienttest.NextText)
	c = s.Client(clienttest.App)
	c.Post("auth/login", body{"email": "ann@example.org", "password": password}).Status(401).Pending("verify_phone")
	c.Post("account/phone", body{"phone": "+31612345679"}).Status(202)
	c.Post("auth/phone/verify", body{"code": s.Text("+31612345679").Code()}).Status(200)
	s.Clock.Advance(clienttest.NextNumber)
	c.Post("account/phone", body{"phone": "+31612345670"}).Status(202)
	other := s.Client(clienttest.App)
	other.Post("auth/login", body{"email": "ann@example.org", "password": password}).Status(200)
}

func TestSignUpAndLoginByPhone(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, withPhone)
		c := s.Client(kind)
		c.Post("auth/signup", body{"phone": "0201234567", "password": password}).Problems("phone:invalid_phone")
		c.Post("auth/signup", body{"phone": "+31201234567", "password": password}).Status(401).Pending("verify_phone")
		s.Text("+31201234567")
		c.Post("account/phone", body{"phone": "+31207654321"}).Status(202)
		code := s.Text("+31207654321").Code()
		c.Post("auth/phone/verify", body{"code": code}).Status(200)
		if phones := c.Get("account/phone").Status(200).Text; !strings.Contains(phones, `{"phone":"+31207654321","verified":true}`) {
			t.Errorf("phones %s", phones)
		}
		again := s.Client(kind)
		again.Post("auth/login", body{"phone": "+31207654321", "password": password}).Status(200)
		byCode := s.Client(kind)
		byCode.Post("auth/code/request", body{"phone": "+31207654321"}).Status(401).Pending("login_by_code")
		byCode.Post("auth/code/confirm", body{"code": s.Text("+31207654321").Code()}).Status(200)
	})
}

// django-allauth counts these attempts but never limits them.
func TestPhoneCodesOfASignUpRunOut(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"phone": "+31201234567", "password": password}).Status(401)
	code := s.Text("+31201234567").Code()
	for range 3 {
		c.Post("auth/phone/verify", body{"code": "BBBB-BBBB"}).Problems("code:incorrect_code")
	}
	c.Post("auth/phone/verify", body{"code": code}).Status(409)
}

func TestATakenPhoneIsNotTold(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	owner := s.Client(clienttest.App)
	owner.Post("auth/signup", body{"phone": "+31201234567", "password": password}).Status(401)
	owner.Post("auth/phone/verify", body{"code": s.Text("+31201234567").Code()}).Status(200)

	s.Clock.Advance(clienttest.NextText)
	c, fresh := s.Client(clienttest.App), s.Client(clienttest.App)
	taken := c.Post("auth/signup", body{"phone": "+31201234567", "password": password}).Status(401).Pending("verify_phone")
	free := fresh.Post("auth/signup", body{"phone": "+31209999999", "password": password}).Status(401)
	if withoutToken(taken) != withoutToken(free) {
		t.Errorf("a taken number answers %s, a free one %s", taken.Text, free.Text)
	}
	if kind := s.Text("+31201234567").Kind; kind != "account_already_exists" {
		t.Errorf("the owner got %q", kind)
	}
	for range 3 {
		c.Post("auth/phone/verify", body{"code": "BBBB-BBBB"}).Problems("code:incorrect_code")
		fresh.Post("auth/phone/verify", body{"code": "BBBB-BBBB"}).Problems("code:incorrect_code")
	}
	c.Post("auth/phone/verify", body{"code": "BBBB-BBBB"}).Status(409)
	fresh.Post("auth/phone/verify", body{"code": "BBBB-BBBB"}).Status(409)
}

// A reset that waits for its code is listed wherever flows are, for a user who is
// logged in, too.
func TestAPendingResetIsListedForALoggedInUser(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, withCodes, func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{} })
		c := s.SignUp(kind, ann)
		c.Post("auth/password/request", body{"email": ann}).LoggedIn(ann)
		c.Post("auth/2fa/authenticate", body{"code": "123456"}).Status(401).Pending("password_reset_by_code")
		c.Get("auth/session").LoggedIn(ann)
	})
}
