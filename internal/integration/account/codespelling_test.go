package account_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
)

const (
	ownNumber  = "+31201234567"
	ownAddress = "ann@example.org"
)

// codeFlow is a flow that waits for a code.
type codeFlow struct {
	// begin requests code number n and returns it. unknown stands for a contact
	// without an account, which gets no code.
	begin func(s *clienttest.Server, c *clienttest.Client, n int) string
	// path and param are the endpoint and the field of the code, more the other
	// fields.
	path, param string
	more        clienttest.Body
	// decoy is false if the flow needs an account.
	decoy bool
}

// unknown is the n of a contact without an account.
const unknown = -1

var codeFlows = map[string]codeFlow{
	"login by mail": {
		begin: func(s *clienttest.Server, c *clienttest.Client, n int) string {
			email := map[bool]string{true: ownAddress, false: "unknown@example.org"}[n != unknown]
			c.Post("auth/code/request", body{"email": email}).Status(401).Pending("login_by_code")
			if n == unknown {
				return ""
			}
			return s.MailOf("account/login_code", email).Code()
		},
		path: "auth/code/confirm", param: "code", decoy: true,
	},
	"login by text": {
		begin: func(s *clienttest.Server, c *clienttest.Client, n int) string {
			number := map[bool]string{true: ownNumber, false: "+31209999999"}[n != unknown]
			c.Post("auth/code/request", body{"phone": number}).Status(401).Pending("login_by_code")
			if n == unknown {
				return ""
			}
			return s.Text(number).Code()
		},
		path: "auth/code/confirm", param: "code", decoy: true,
	},
	"reset": {
		begin: func(s *clienttest.Server, c *clienttest.Client, n int) string {
			email := map[bool]string{true: ownAddress, false: "unknown@example.org"}[n != unknown]
			c.Post("auth/password/request", body{"email": email}).Status(401).Pending("password_reset_by_code")
			if n == unknown {
				return ""
			}
			return s.MailOf("account/password_reset_code", email).Code()
		},
		path: "auth/password/reset", param: "key", more: body{"password": "Another-1-horse"}, decoy: true,
	},
	"new address": {
		begin: func(s *clienttest.Server, c *clienttest.Client, n int) string {
			*c = *s.LogIn(clienttest.App, ownAddress)
			email := fmt.Sprintf("new%d@example.org", n)
			c.Post("account/email", body{"email": email}).Status(200)
			return s.Mail(email).Code()
		},
		path: "auth/email/verify", param: "key",
	},
	"new number": {
		begin: func(s *clienttest.Server, c *clienttest.Client, n int) string {
			*c = *s.LogIn(clienttest.App, ownAddress)
			number := fmt.Sprintf("+3120765%04d", n)
			c.Post("account/phone", body{"phone": number}).Status(202)
			return s.Text(number).Code()
		},
		path: "auth/phone/verify", param: "code",
	},
}

func (f codeFlow) try(c *clienttest.Client, code any) *clienttest.Answer {
	input := body{f.param: code}
	for name, value := range f.more {
		input[name] = value
	}
	return c.Post(f.path, input)
}

// everyCode turns on all flows with codes of that format.
func everyCode(format account.CodeFormat) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) {
		code := account.CodeConfig{Format: format}
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByEmail, account.LoginByPhone}
		cfg.Account.SignupFields = []string{"email*", "phone*", "password1*"}
		cfg.Account.EmailVerificationByCode = &code
		cfg.Account.PasswordResetByCode = &code
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: code}
		cfg.Account.Phone = &account.PhoneConfig{CodeConfig: code}
	}
}

// withNumber starts a server with an account that has an address and a number.
func withNumber(t *testing.T, edit ...func(cfg *allauth.Config)) *clienttest.Server {
	t.Helper()
	s := clienttest.Start(t, edit...)
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": ownAddress, "phone": ownNumber, "password": password}).Status(401).Pending("verify_phone")
	c.Post("auth/phone/verify", body{"code": s.Text(ownNumber).Code()}).Status(401).Pending("verify_email")
	c.Post("auth/email/verify", body{"key": s.Mail(ownAddress).Code()}).LoggedIn(ownAddress)
	s.Clock.Advance(time.Hour)
	return s
}

func TestEverySpellingOfACode(t *testing.T) {
	t.Parallel()
	shift := func(zero rune) func(code string) string {
		return func(code string) string {
			return strings.Map(func(r rune) rune {
				if '0' <= r && r <= '9' {
					return zero + r - '0'
				}
				return r
			}, code)
		}
	}
	spellings := map[string]func(code string) string{
		"lower case":        strings.ToLower,
		"blanks":            func(code string) string { return " " + strings.ReplaceAll(code, "-", " ") + " " },
		"no-break spaces":   func(code string) string { return strings.ReplaceAll(code, "-", "\u00a0") + "\u202f" },
		"no groups":         func(code string) string { return strings.ReplaceAll(code, "-", "") },
		"other hyphens":     func(code string) string { return strings.ReplaceAll(code, "-", "\u2013\u2212\u2011") },
		"invisible":         func(code string) string { return "\u200e" + strings.ReplaceAll(code, "-", "\u200b") + "\ufeff" },
		"full-width digits": shift('０'),
		"Arabic digits":     shift('٠'),
		"Persian digits":    shift('۰'),
		"Devanagari digits": shift('०'),
	}
	for name, f := range codeFlows {
		for kind, format := range map[string]account.CodeFormat{"letters": {}, "digits": {Numeric: true}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				s := withNumber(t, everyCode(format))
				n := 0
				for spelling, respell := range spellings {
					c := s.Client(clienttest.App)
					code := respell(f.begin(s, c, n))
					if answer := f.try(c, code); answer.StatusCode != 200 && answer.StatusCode != 401 {
						t.Errorf("%s, %q: %s", spelling, code, answer.Text)
					}
					s.Clock.Advance(time.Hour)
					n++
				}
			})
		}
	}
}

// misshapen are impossible codes if codes have nine digits.
var misshapen = []any{"12345678", "1234567890", "12345678x", "ABCDEFGHJ", "é12345678", "--", 1, 1.5, "1", strings.Repeat("1", 500), "", nil}

// An impossible code costs no attempt, and the response is the same without an
// account.
func TestACodeOfTheWrongShapeCostsNoAttempt(t *testing.T) {
	t.Parallel()
	for name, f := range codeFlows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withNumber(t, everyCode(account.CodeFormat{Numeric: true}))
			for _, n := range []int{0, unknown} {
				if n == unknown && !f.decoy {
					continue
				}
				c := s.Client(clienttest.App)
				code := f.begin(s, c, n)
				for range 3 {
					for _, typed := range misshapen {
						problem := map[bool]string{true: "incorrect_code", false: "required"}[typed != "" && typed != nil]
						f.try(c, typed).Problems(f.param + ":" + problem)
					}
				}
				if n != unknown {
					f.try(c, wrongCode(code)).Problems(f.param + ":incorrect_code") // the first that is counted
					if answer := f.try(c, code); answer.StatusCode == 400 || answer.StatusCode == 409 {
						t.Errorf("the right code: %s", answer.Text)
					}
					s.Clock.Advance(time.Hour)
					continue
				}
				for range 3 {
					f.try(c, "123456789").Problems(f.param + ":incorrect_code")
				}
				f.try(c, "123456789").Status(409)
			}
		})
	}
}

// wrongCode returns another code of the same form.
func wrongCode(code string) string {
	last := code[len(code)-1]
	return code[:len(code)-1] + string('0'+(last-'0'+1)%10)
}
