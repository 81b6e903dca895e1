package headless_test

import (
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// Every problem says what to do, not only that a value is invalid.
func TestMessagesSayWhatIsExpected(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 400)
	const (
		phone    = "Enter a phone number with its country code, like +31612345678."
		email    = "Enter a valid email address."
		text     = "Enter the password as a text."
		username = "Enter a username of letters of one alphabet, digits and . + - _ only."
	)
	for name, c := range map[string]struct {
		endpoint string
		body     clienttest.Body
		want     map[string]string // by field
	}{
		"login, bad address": {"auth/login", clienttest.Body{"email": "ann.example.org", "password": "x"}, map[string]string{"email": email}},
		"login, bad number":  {"auth/login", clienttest.Body{"phone": "0612345678", "password": "x"}, map[string]string{"phone": phone}},
		"login, two names": {"auth/login", clienttest.Body{"email": "ann@example.org", "username": "ann", "password": "x"},
			map[string]string{"": "Provide exactly one of email, username or phone."}},
		"login, wrong": {"auth/login", clienttest.Body{"email": "ann@example.org", "password": "x"},
			map[string]string{"password": "The email address or the password is incorrect. Check both."}},
		"login, wrong types": {"auth/login", clienttest.Body{"email": 1, "password": 2}, map[string]string{"email": email, "password": text}},
		"login, too long": {"auth/login", clienttest.Body{"email": "ann@example.org", "password": strings.Repeat("x", 4097)},
			map[string]string{"": "Send the body as one JSON object."}},
		"login, nothing": {"auth/login", clienttest.Body{}, map[string]string{
			"password": "This field is required."}},
		"sign-up": {"auth/signup", clienttest.Body{"email": "ann@", "email2": "ann@", "username": "ann lee", "phone": "1", "password": "1234"}, map[string]string{
			"email": email, "username": username, "phone": phone,
			"password": "Choose a password of at least 8 characters. The password is too common. Choose another one. The password cannot be entirely numeric."}},
		"sign-up, wrong types": {"auth/signup", clienttest.Body{"email": true, "email2": 2, "username": 1, "phone": 31, "password": 12345678}, map[string]string{
			"email": email, "email2": email, "username": username, "phone": phone, "password": text}},
		"sign-up, two addresses": {"auth/signup", clienttest.Body{"email": "ann@example.org", "email2": "eve@example.org", "username": "ann", "password": "xevqn-77-otter"},
			map[string]string{"email2": "Enter the same email address twice."}},
		"sign-up, too long": {"auth/signup", clienttest.Body{"email": long + "@example.org", "email2": long + "@example.org", "username": long, "password": strings.Repeat("x", 1025)}, map[string]string{
			"email": email + " Enter an email address of at most 254 characters.", "username": "Enter a username of at most 150 characters.", "password": "Enter a password of at most 1024 bytes."}},
		"sign-up, too short": {"auth/signup", clienttest.Body{"email": "ann@example.org", "email2": "ann@example.org", "username": "an", "password": "xevqn-77-otter"},
			map[string]string{"username": "Enter a username of at least 3 characters."}},
		"sign-up, similar": {"auth/signup", clienttest.Body{"email": "ann.wizard@example.org", "email2": "ann.wizard@example.org", "username": "ann", "password": "annwizard1"},
			map[string]string{"password": "The password is too similar to your name or email address. Choose another one."}},
		"sign-up, refused": {"auth/signup", clienttest.Body{"email": "ann@example.org", "email2": "ann@example.org", "username": "admin", "password": "xevqn-77-otter"},
			map[string]string{"username": "This username cannot be used. Enter another one."}},
		"sign-up, null":      {"auth/signup", clienttest.Body{"email": "a\x00@example.org", "password": "xevqn-77-otter"}, map[string]string{"email": "Remove the null characters."}},
		"reset":              {"auth/password/request", clienttest.Body{"email": "ann"}, map[string]string{"email": email}},
		"reset, wrong type":  {"auth/password/reset", clienttest.Body{"key": []string{}, "password": 1}, map[string]string{"key": "Enter the code or key as a text or a number.", "password": text}},
		"reset, wrong key":   {"auth/password/reset", clienttest.Body{"key": "x", "password": "xevqn-77-otter"}, map[string]string{"key": "The link is invalid or was used before. Request a new one."}},
		"verification":       {"auth/email/verify", clienttest.Body{"key": "x"}, map[string]string{"key": "The link is invalid or has expired. Request a new one."}},
		"code":               {"auth/code/request", clienttest.Body{"email": "ann"}, map[string]string{"email": email}},
		"code by text":       {"auth/code/request", clienttest.Body{"phone": "ann"}, map[string]string{"phone": phone}},
		"code, two contacts": {"auth/code/request", clienttest.Body{"email": "ann@example.org", "phone": "+31612345678"}, map[string]string{"": "Provide either an email address or a phone number."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, func(cfg *allauth.Config) {
				cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByEmail, account.LoginByUsername, account.LoginByPhone}
				cfg.Account.SignupFields = []string{"email*", "email2", "username*", "phone", "password1*"}
				cfg.Account.Phone = &account.PhoneConfig{}
				cfg.Account.UsernameMinLength, cfg.Account.UsernameBlacklist = 3, []string{"admin"}
				cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
			})
			a := s.Client(clienttest.App).Post(c.endpoint, c.body).Status(400)
			got := map[string]string{}
			for _, e := range a.JSON["errors"].([]any) {
				e := e.(map[string]any)
				param, _ := e["param"].(string) // missing for the whole input
				got[param] = strings.TrimSpace(got[param] + " " + e["message"].(string))
			}
			for param, want := range c.want {
				if got[param] != want {
					t.Errorf("%q: %q, want %q", param, got[param], want)
				}
			}
		})
	}
}

// Messages for logged-in users say what to do, too.
func TestMessagesForUsersWhoAreLoggedIn(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.Account.Phone = &account.PhoneConfig{} })
	ann := s.SignUp(clienttest.App, "ann@example.org")
	for _, c := range []struct {
		method, endpoint string
		body             clienttest.Body
		param, want      string
	}{
		{"POST", "account/email", clienttest.Body{"email": "ann"}, "email", "Enter a valid email address."},
		{"POST", "account/email", clienttest.Body{"email": "ann@example.org"}, "email", "This email address is already on your account. Enter another one."},
		{"PATCH", "account/email", clienttest.Body{"email": "eve@example.org", "primary": true}, "email", "This email address was not found. Check it, or enter another one."},
		{"PATCH", "account/email", clienttest.Body{"email": "ann@example.org", "primary": "yes"}, "primary", "Send true or false."},
		{"DELETE", "account/email", clienttest.Body{"email": "ann@example.org"}, "email", "Make another email address your primary one before you remove this one."},
		{"POST", "account/password/change", clienttest.Body{"current_password": clienttest.Password, "new_password": 1}, "new_password", "Enter the password as a text."},
		{"POST", "account/password/change", clienttest.Body{"current_password": "wrong", "new_password": "xevqn-77-otter"}, "current_password", "Enter your current password."},
		{"POST", "auth/reauthenticate", clienttest.Body{"password": "wrong"}, "password", "The password is incorrect. Check it, and try again."},
		{"DELETE", "auth/sessions", clienttest.Body{"sessions": []any{"x"}}, "sessions", "Send the id of one of your sessions."},
		{"DELETE", "auth/sessions", clienttest.Body{"sessions": []any{123}}, "sessions", "Send the id of one of your sessions."},
		{"POST", "account/phone", clienttest.Body{"phone": "1"}, "phone", "Enter a phone number with its country code, like +31612345678."},
	} {
		a := ann.Do(c.method, c.endpoint, c.body).Status(400)
		if !strings.Contains(a.Text, `"message":"`+c.want+`"`) || !strings.Contains(a.Text, `"param":"`+c.param+`"`) {
			t.Errorf("%s %s: %s, want %q", c.method, c.endpoint, a.Text, c.want)
		}
	}
}
