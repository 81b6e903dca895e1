package account_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/internal/clienttest"
)

func TestCanonicalPhone(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"+31612345678": "+31612345678", "+31 6 1234 5678": "+31612345678", "+31-6-1234-5678": "+31612345678",
		"+31 (0)6 12345678": "+31612345678", "+31-(0)6-12345678": "+31612345678", "+31(0)612345678": "+31612345678",
		"0031612345678": "+31612345678", "00 31 (0) 6 12 34 56 78": "+31612345678", "(+31) 6 12345678": "+31612345678", "(0031) 6-12345678": "+31612345678",
		"+31\u00a06\u202f1234\u20115678": "+31612345678", "+31 6.1234.5678": "+31612345678", "+31/6/12345678": "+31612345678",
		"＋３１　６　１２３４５６７８": "+31612345678", "+٣١٦١٢٣٤٥٦٧٨": "+31612345678", "+३१ ६१२३४५६७८": "+31612345678",
		"\u200e+31612345678\u202c": "+31612345678", "+31\u30fc6\u30fc12345678": "+31612345678",
		"+1 (202) 555-0123": "+12025550123", "+44 (0)20 7946 0958": "+442079460958",
		"+39 06 1234 5678": "+390612345678", "+39 (0)6 1234 5678": "+390612345678", "+378 (0)549 123456": "+3780549123456",
	} {
		if got, ok := identifier.Phone(typed); got != want || !ok {
			t.Errorf("%q is read as %q, %v, want %q", typed, got, ok, want)
		}
	}
	for _, typed := range []string{
		"", "+", "00", "()", "0612345678", "612345678", "+0612345678", "+31", "+3161234567890123", "++31612345678", "+31+612345678", "31+612345678",
		"+31 6 1234 5678 ext. 9", "+31612345678,9", "+31612345678#9", "+31612345678;9", "tel", "+31 6 CALL NOW", "+31612345678x", "a+31612345678", "+31612345678@example.org", "(0)612345678", "+(0)(0)31612345678",
	} {
		if got, ok := identifier.Phone(typed); ok {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
}

// Every endpoint accepts the usual spellings of a number, stores it in one form
// and returns that.
func TestNumbersAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for _, spelling := range []string{"+31 20 123 4567", "+31-(0)20-1234567", "0031201234567", "+٣١٢٠١٢٣٤٥٦٧"} {
		t.Run(spelling, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, withPhone)
			c := s.Client(clienttest.App)
			c.Post("auth/signup", body{"phone": spelling, "password": password}).Status(401).Pending("verify_phone")
			c.Post("auth/phone/verify", body{"code": s.Text(ownNumber).Code()}).Status(200)
			if got := c.Get("account/phone").Status(200).Text; !strings.Contains(got, `"phone":"`+ownNumber+`"`) {
				t.Errorf("the number is shown as %s", got)
			}
			s.Clock.Advance(time.Hour)
			login := s.Client(clienttest.App)
			login.Post("auth/login", body{"phone": spelling, "password": password}).Status(200)
			byCode := s.Client(clienttest.App)
			byCode.Post("auth/code/request", body{"phone": spelling}).Status(401).Pending("login_by_code")
			byCode.Post("auth/code/confirm", body{"code": s.Text(ownNumber).Code()}).Status(200)
			login.Post("account/phone", body{"phone": spelling}).Problems("phone:same_as_current")
		})
	}
	s := clienttest.Start(t, withPhone)
	for _, typed := range []string{"0201234567", "+31 20 CALL", "31201234567"} {
		s.Client(clienttest.App).Post("auth/signup", body{"phone": typed, "password": password}).Problems("phone:invalid_phone")
		s.Client(clienttest.App).Post("auth/login", body{"phone": typed, "password": password}).Problems("phone:invalid_phone")
		s.Client(clienttest.App).Post("auth/code/request", body{"phone": typed}).Problems("phone:invalid_phone")
	}
}

// If a host normalizes numbers in its own way, users whose numbers were stored
// before can still log in.
func TestTheHostNormalizesNumbers(t *testing.T) {
	t.Parallel()
	const old, typed, now = "+310201234567", "+31 020 123 4567", "+31201234567"
	store := clienttest.Open(t)
	before := clienttest.StartOn(t, store, withPhone)
	first := before.Client(clienttest.App)
	first.Post("auth/signup", body{"phone": old, "password": password}).Status(401).Pending("verify_phone")
	first.Post("auth/phone/verify", body{"code": before.Text(old).Code()}).Status(200)
	before.Stop()
	s := clienttest.StartOn(t, store, withPhone, func(cfg *allauth.Config) {
		cfg.Account.Phone.Normalize = func(_ context.Context, input string) (string, bool) {
			if strings.Contains(input, "anything") {
				return input, true
			}
			number, ok := identifier.Phone(input)
			return strings.Replace(number, "+310", "+31", 1), ok && !strings.HasPrefix(number, "+1")
		}
	})
	for _, spelling := range []string{old, typed} {
		s.Client(clienttest.App).Post("auth/login", body{"phone": spelling, "password": password}).Status(200)
		c := s.Client(clienttest.App)
		c.Post("auth/code/request", body{"phone": spelling}).Status(401)
		c.Post("auth/code/confirm", body{"code": s.Text(old).Code()}).Status(200)
		s.Clock.Advance(time.Minute)
	}
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"phone": typed, "password": password}).Status(401).Pending("verify_phone")
	c.Post("auth/phone/verify", body{"code": s.Text(now).Code()}).Status(200)
	s.Clock.Advance(time.Minute)
	login := s.Client(clienttest.App).Post("auth/login", body{"phone": typed, "password": password}).Status(200)
	if login.Value("data", "user", "id") != c.Get("auth/session").Value("data", "user", "id") {
		t.Error("the form of new numbers does not come first")
	}
	// The result of the host must be E.164, and what it refuses is not a phone
	// number.
	for _, refused := range []string{"anything", "+1 202 555 0123"} {
		s.Client(clienttest.App).Post("auth/signup", body{"phone": refused, "password": password}).Problems("phone:invalid_phone")
	}
}
