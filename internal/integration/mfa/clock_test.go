package mfa_test

import (
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// A clock that is set back repeats time steps. Each code is accepted once, and
// the user can log in with any other.
func TestAClockSetBackRepeatsNoCodeAndLocksNoAppOut(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]time.Duration{
		"a minute": time.Minute, "an hour": time.Hour, "a day": 24 * time.Hour, "a year": 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			_, a := withApp(t, s, clienttest.App, ann)
			begin := s.Clock.Now()
			at := func(d time.Duration) { s.Clock.Advance(begin.Add(d).Sub(s.Clock.Now())) }
			logIn := func() *clienttest.Answer {
				return passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": a.code(0)})
			}
			times := []time.Duration{0, 10 * time.Minute, 20 * time.Minute}
			for _, one := range times {
				at(one)
				logIn().LoggedIn(ann)
			}
			at(30*time.Minute - back)
			logIn().LoggedIn(ann)
			logIn().Problems("code:incorrect_code")
			for _, one := range times {
				at(one)
				logIn().Problems("code:incorrect_code")
				at(one + 30*time.Second)
				logIn().LoggedIn(ann)
			}
		})
	}
}

// The code that activates the app counts too, and so do codes that were used long
// ago.
func TestNoCodeOfAnAppIsForgotten(t *testing.T) {
	t.Parallel()
	s := start(t)
	begin := s.Clock.Now()
	c, a := withApp(t, s, clienttest.App, ann)
	authenticate := func() *clienttest.Answer { return c.Post("auth/2fa/reauthenticate", body{"code": a.code(0)}) }
	for range 300 {
		authenticate().Status(200)
		s.Clock.Advance(30 * time.Second)
	}
	for _, steps := range []time.Duration{0, 1, 2, 150, 300} {
		s.Clock.Advance(begin.Add(steps * 30 * time.Second).Sub(s.Clock.Now()))
		authenticate().Problems("code:incorrect_code")
	}
	s.Clock.Advance(31 * 30 * time.Second)
	authenticate().Status(200)
}
