package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	ann         = "ann@example.org"
	newPassword = "Another-1-horse"
)

func TestAPersonClicksThroughThePage(t *testing.T) {
	onThePage(t, options{}, func(t *testing.T, s *screen) {
		s.steps(t, fill("Sign up", "email", ann), fill("Sign up", "password", "short"), press("Sign up", "Sign up"), refused("Sign up", "password"))
		s.signUp(t, ann)
		s.steps(t,
			fill("Your password", "current_password", "wrong-wrong-1"), fill("Your password", "new_password", newPassword), press("Your password", "Change"),
			refused("Your password", "current_password"),
			fill("Your password", "current_password", testPassword), press("Your password", "Change"),
			says("Your password is changed"))
		s.steps(t, logOut()...)
		s.steps(t, logIn(ann, newPassword)...)
	})
}

func TestTheAddressesOnThePage(t *testing.T) {
	onThePage(t, options{}, func(t *testing.T, s *screen) {
		s.signUp(t, ann)
		s.steps(t, fill("Add an address", "email", "second@example.org"), press("Add an address", "Add"), says("second@example.org (not verified)"))
		s.steps(t, press("Your addresses", "Mail again"), says("This is not allowed")) // too soon
		s.open(t, verificationLink)
		s.steps(t, press("Verify your address", "Verify"), says("Your address is verified"),
			press("Your addresses", "Make primary"), says("second@example.org (primary)"),
			chromedp.Click(`//li[span[text()="`+ann+`"]]/button[text()="Remove"]`),
			chromedp.WaitNotPresent(`//li[span[text()="`+ann+`"]]`))
	})
}

func TestAForgottenPasswordOnThePage(t *testing.T) {
	onThePage(t, options{}, func(t *testing.T, s *screen) {
		s.signUp(t, ann)
		s.steps(t, logOut()...)
		s.steps(t, fill("Forgot your password?", "email", ann), press("Forgot your password?", "Mail me"), says("The mail is on its way"))
		s.open(t, resetLink)
		s.steps(t, fill("Choose a new password", "password", "short"), press("Choose a new password", "Choose a new password"), refused("Choose a new password", "password"),
			fill("Choose a new password", "password", newPassword), press("Choose a new password", "Choose a new password"), says("Log in with it"))
		s.steps(t, logIn(ann, newPassword)...)
		s.steps(t, chromedp.Navigate(s.base+"/account/password/reset/key/1-bad"), says("This link is no longer valid"),
			chromedp.Navigate(s.base+"/account/verify-email/%ff"), says("This link is no longer valid"))
	})
}

func TestALoginByCodeOnThePage(t *testing.T) {
	onThePage(t, options{}, func(t *testing.T, s *screen) {
		s.signUp(t, ann)
		s.steps(t, logOut()...)
		s.steps(t, fill("Log in by code", "email", ann), press("Log in by code", "Mail me a code"), fill("Enter your code", "code", "BCDF-GHJK"), press("Enter your code", "Go on"), refused("Enter your code", "code"))
		s.output.find(t, oneTimeCode)
		s.steps(t, press("Enter your code", "Mail another code"), says("Another code is on its way"))
		s.steps(t, fill("Enter your code", "code", s.output.find(t, oneTimeCode)), press("Enter your code", "Go on"), heading("Your sessions"))
	})
}

func TestTooManyWrongCodesOnThePage(t *testing.T) {
	onThePage(t, options{}, func(t *testing.T, s *screen) {
		s.steps(t, fill("Log in by code", "email", ann), press("Log in by code", "Mail me a code"))
		for range 3 {
			s.steps(t, fill("Enter your code", "code", "BCDF-GHJK"), press("Enter your code", "Go on"), refused("Enter your code", "code"))
		}
		s.steps(t, press("Enter your code", "Go on"), says("That is no longer possible"), heading("Log in"))
	})
}

func TestCodesInPlaceOfLinksOnThePage(t *testing.T) {
	onThePage(t, options{codes: true}, func(t *testing.T, s *screen) {
		s.steps(t, fill("Sign up", "email", ann), fill("Sign up", "password", testPassword), press("Sign up", "Sign up"), heading("Verify your address"))
		s.steps(t, fill("Verify your address", "key", s.output.find(t, oneTimeCode)), press("Verify your address", "Verify"), heading("Your sessions"))
		s.steps(t, fill("Add an address", "email", "second@example.org"), press("Add an address", "Add"),
			fill("Enter your password again", "password", "wrong-wrong-1"), press("Enter your password again", "Go on"), refused("Enter your password again", "password"),
			pressOutside("Cancel"), says("Confirm that it is you first"),
			press("Add an address", "Add"), fill("Enter your password again", "password", testPassword), press("Enter your password again", "Go on"),
			heading("Verify the new address"))
		s.steps(t, fill("Verify the new address", "key", s.output.find(t, oneTimeCode)), press("Verify the new address", "Verify"),
			chromedp.WaitVisible(`//li[span[text()="second@example.org"]]/button[text()="Make primary"]`))
		s.steps(t, logOut()...)
		s.steps(t, fill("Forgot your password?", "email", ann), press("Forgot your password?", "Mail me"), heading("Choose a new password"))
		s.steps(t, fill("Choose a new password", "key", s.output.find(t, oneTimeCode)), fill("Choose a new password", "password", newPassword),
			press("Choose a new password", "Choose a new password"), says("Log in with it"))
		s.steps(t, logIn(ann, newPassword)...)
	})
}

func TestAPhoneNumberOnThePage(t *testing.T) {
	onThePage(t, options{}, func(t *testing.T, s *screen) {
		s.signUp(t, ann)
		s.steps(t, fill("Change your number", "phone", "+14155552671"), press("Change your number", "Text me a code"), heading("Verify +14155552671"))
		s.steps(t, fill("Verify +14155552671", "code", s.output.find(t, oneTimeCode)), press("Verify +14155552671", "Verify"),
			says("Your number is verified"), chromedp.WaitVisible(`//p[text()="+14155552671"]`))
		for digit := range 3 { // a minute may have passed on a slow machine, but not two
			number := fmt.Sprintf("+1415555268%d", digit)
			s.steps(t, fill("Change your number", "phone", number), press("Change your number", "Text me a code"),
				chromedp.WaitVisible(`//h2[text()="Verify `+number+`"] | //span[contains(text(), "Too many attempts")]`))
			if strings.Contains(text(t, s, "main"), "Too many attempts") {
				return
			}
			s.steps(t, chromedp.Navigate(s.base))
		}
		t.Error("every number was accepted")
	})
}

func TestSessionsOnThePage(t *testing.T) {
	onThePage(t, options{}, func(t *testing.T, s *screen) {
		s.signUp(t, ann)
		elsewhere := newBrowser(t, s.base)
		elsewhere.want(t, 200, "GET", "config", "")
		elsewhere.want(t, 200, "POST", "auth/login", credentials)
		s.steps(t, chromedp.Navigate(s.base), press("Your sessions", "End all others"), chromedp.WaitNotPresent(`//button[text()="End all others"]`))
		elsewhere.want(t, 401, "GET", "auth/session", "")
		s.steps(t, press("Your sessions", "End"), heading("Log in"))
	})
}
