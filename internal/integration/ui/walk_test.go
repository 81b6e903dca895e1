package ui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// The defaults: a password, and links in mails.
func TestSignUpLogInAndReset(t *testing.T) {
	s := start(t, func(*allauth.Config) {})
	s.visit("/account/")
	s.sees("Log in")
	s.press("Log in")
	s.refuses("Email address", "Fill in this field.")
	s.logIn(ann, "wrong")
	s.refuses("Password", "incorrect")
	s.visit("/account/signup")
	s.fill("Email address", ann)
	s.fill("Password", "12345678")
	s.press("Sign up")
	s.refuses("Password", "numeric")
	s.signUp(ann)
	s.logOut()

	// What was typed to identify the user is kept.
	s.fill("Email address", ann)
	s.press("Forgot your password?")
	s.sees("Reset your password")
	s.press("Continue")
	s.says("a mail is on its way")
	reset := s.link(ann)
	s.visit(reset)
	s.sees("Choose a new password")
	s.fill("New password", newPass)
	s.press("Set password")
	s.sees("Log in")
	s.says("Your new password is set.")
	s.visit(reset)
	s.sees("Choose a new password")
	s.await("refuse the link", `document.body.innerText.includes('This link is invalid or was used already')`)
	s.visit("/account/login?next=/app")
	s.logIn(ann, newPass)
	s.do("the application", chromedp.WaitVisible(`//h1[text()="The application"]`))
	s.visit("/account/password/change")
	s.sees("Password")
	s.fill("Current password", newPass)
	s.fill("New password", clienttest.Password)
	s.press("Save")
	s.sees("Your account")
	s.says("Your password is changed.")
}

// logOutBehind logs out without the elements of the page.
const logOutBehind = `fetch('/_allauth/browser/v1/auth/session', {method: 'DELETE', headers: {'X-CSRFToken': document.cookie.match(/csrftoken=([^;]*)/)[1]}}).then((response) => response.status)`

// After a logout in another tab nothing is told to have succeeded.
func TestTheWrongSuccess(t *testing.T) {
	s := start(t, func(*allauth.Config) {})
	s.signUp(ann)
	s.visit("/account/password/change")
	s.fill("Current password", clienttest.Password)
	s.fill("New password", newPass)
	// The session ends where this page does not hear of it.
	evaluate[int](s, logOutBehind)
	evaluate[bool](s, `(() => {
		window.told = '';
		new MutationObserver(() => (window.told += [...document.querySelectorAll('[role=status]')].map((node) => node.textContent).join(''))).observe(document.body, {subtree: true, childList: true, characterData: true});
		return true;
	})()`)
	s.press("Save")
	s.sees("Log in")
	s.says("You are no longer logged in. Log in to continue.")
	if told := evaluate[string](s, "window.told"); told == "" || strings.Contains(told, "changed") {
		t.Errorf("the page told %q", told)
	}
	s.logIn(ann, clienttest.Password) // the old password
	s.sees("Password")                // where the user was
}

// Tabs follow each other, and what is typed in another one stays.
func TestTwoTabs(t *testing.T) {
	s := start(t, func(*allauth.Config) {})
	s.signUp(ann)
	s.logOut()
	other := s.newTab()
	other.visit("/account/login")
	other.sees("Log in")
	other.fill("Email address", "bob@example.org")
	s.logIn(ann, "wrong")
	s.refuses("Password", "incorrect")
	if got := evaluate[string](other, `document.querySelector('input').value`); got != "bob@example.org" {
		t.Errorf("the other tab has %q", got)
	}
	s.logIn(ann, clienttest.Password)
	s.sees("Your account")
	other.sees("Your account")
	other.logOut()
	s.sees("Log in")
	s.says("You are no longer logged in.")
}

func TestAnAppAndRecoveryCodes(t *testing.T) {
	s := start(t, func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{TrustEnabled: true} })
	s.signUp(ann)
	s.press("Two-factor authentication")
	s.sees("Two-factor authentication")
	s.press("Authenticator app")
	s.sees("Authenticator app")
	secret := evaluate[string](s, `document.querySelector('code').textContent`)
	s.fill("Code of your app", "000000")
	s.press("Turn on")
	s.refuses("Code of your app", "incorrect")
	s.fill("Code of your app", s.appCode(secret))
	s.press("Turn on")
	s.sees("Recovery codes")
	s.says("Your app is set up.")
	recovery := evaluate[string](s, `document.querySelector('[part=codes] code').textContent`)
	s.logOut()

	s.logIn(ann, clienttest.Password)
	s.sees("Confirm your login")
	s.do("reload", chromedp.Reload())
	s.sees("Confirm your login")
	s.fill("Code of your app", "000000")
	s.press("Continue")
	s.refuses("Code of your app", "incorrect")
	s.press("Use a recovery code")
	s.fill("Recovery code", recovery)
	s.press("Continue")
	s.sees("Trust this browser?")
	s.press("Ask again next time")
	s.sees("Your account")

	// A change long after the login asks the user to authenticate, in a dialog.
	s.Clock.Advance(10 * time.Minute)
	s.visit("/account/2fa/totp")
	s.sees("Authenticator app")
	s.press("Remove the app")
	s.press("Remove the app") // in the question
	s.await("the dialog", `document.querySelector('dialog[open] h1')?.textContent === 'Confirm that it is you'`)
	s.look("Reauthenticate")
	s.press("Cancel")
	s.warns("Nothing was changed")
	s.press("Remove the app")
	s.press("Remove the app")
	s.fill("Password", clienttest.Password)
	s.press("Continue")
	s.sees("Two-factor authentication")
	s.says("Removed.")
}

func withPasskeys(cfg *allauth.Config) {
	cfg.Account.EmailVerificationByCode = &account.CodeConfig{Resends: 2, Changes: 2}
	cfg.MFA = &mfa.Config{
		SupportedTypes:      []mfa.Type{mfa.TOTP, mfa.RecoveryCodes, mfa.WebAuthn},
		PasskeyLoginEnabled: true, PasskeySignupEnabled: true,
	}
}

func TestPasskeys(t *testing.T) {
	s := start(t, withPasskeys)
	s.plugIn()
	s.visit("/account/signup")
	s.sees("Sign up")
	s.press("Sign up with a passkey")
	s.sees("Sign up with a passkey")
	s.fill("Email address", "wrong@example.org")
	s.press("Continue")
	s.sees("Verify your email address")
	s.Mail("wrong@example.org")
	s.fill("Code", "WRONG")
	s.press("Continue")
	s.refuses("Code", "incorrect")
	s.press("Use another address")
	s.fill("Email address", ann)
	s.do("correct", chromedp.Click("details button"))
	s.says("A new message is on its way.")
	s.fill("Code", s.Mail(ann).Code())
	s.press("Continue")
	s.sees("Create your passkey")
	s.fill("Name of the key", "My laptop")
	s.press("Create passkey")
	s.sees("Your account")
	s.visit("/account/2fa/webauthn")
	s.sees("Passkeys and security keys")
	s.await("the key", `document.body.innerText.includes('My laptop')`)
	s.press("Rename")
	s.await("the dialog", `document.querySelector('dialog[open] input')?.value === 'My laptop'`)
	s.fill("Name of the key", "My old laptop")
	s.press("Save")
	s.press("Use your key") // in the dialog, as a sign-up is no authentication
	s.says("Saved.")
	s.await("the new name", `document.body.innerText.includes('My old laptop')`)
	s.touch(false)
	s.logOut()
	s.press("Use a passkey")
	s.touch(true)
	s.sees("Your account")
	// The browser offers the passkey in the field of the address. Here the user takes it.
	evaluate[int](s, logOutBehind)
	s.visit("/account/login?next=/account/2fa/webauthn")
	s.sees("Passkeys and security keys")
}

func TestCodesAndPhones(t *testing.T) {
	s := start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: account.CodeConfig{Resends: 2}}
		cfg.Account.EmailVerificationByCode = &account.CodeConfig{Resends: 2}
		cfg.Account.PasswordResetByCode = &account.CodeConfig{}
		cfg.Account.Phone = &account.PhoneConfig{CodeConfig: account.CodeConfig{Resends: 2}}
		cfg.Sessions.TrackActivity = true
	})
	s.visit("/account/signup")
	s.fill("Email address", ann)
	s.fill("Password", clienttest.Password)
	s.press("Sign up")
	s.sees("Verify your email address")
	first := s.Mail(ann).Code()
	s.fill("Code", "half of the co")
	s.press("Send another code")
	s.says("A new message is on its way.")
	if got := evaluate[string](s, `document.querySelector('input').value`); got != "half of the co" {
		t.Errorf("what was typed became %q", got)
	}
	if second := s.Mail(ann).Code(); second != first {
		first = second
	}
	s.fill("Code", first)
	s.press("Continue")
	s.sees("Your account")

	s.press("Phone number")
	s.sees("Phone number")
	s.fill("Phone number", "+31612345678")
	s.press("Send a code")
	s.fill("Password", clienttest.Password) // in the dialog, as a sign-up is no authentication
	s.press("Continue")
	s.says("A code is on its way.")
	s.look("Phone with code")
	s.fill("Code", s.Text("+31612345678").Code())
	s.press("Continue")
	s.says("Your phone number is verified.")

	s.visit("/account/email")
	s.sees("Email addresses")
	s.fill("Email address", "ann@work.example.org")
	s.press("Add")
	s.says("A code is on its way.")
	s.look("Emails with code")
	s.fill("Code", s.Mail("ann@work.example.org").Code())
	s.press("Continue")
	s.says("Your email address is verified.")
	s.press("Make primary")
	s.says("Saved.")
	s.press("Remove")
	s.await("the question", `document.querySelector('dialog[open]') !== null`)
	s.look("Question")
	s.press("Remove")
	s.says("Removed.")
	s.visit("/account/sessions")
	s.sees("Sessions")
	s.logOut()

	s.press("Send me a code")
	s.sees("Log in by code")
	s.fill("Email address", "ann@work.example.org")
	s.press("Send a code")
	s.sees("Enter your code")
	s.fill("Code", s.Secret("ann@work.example.org"))
	s.press("Continue")
	s.sees("Your account")
	s.logOut()

	s.press("Forgot your password?")
	s.fill("Email address", "ann@work.example.org")
	s.press("Continue")
	s.sees("Choose a new password")
	s.fill("Code", s.Secret("ann@work.example.org"))
	s.fill("New password", newPass)
	s.press("Set password")
	s.sees("Log in")
	s.says("Your new password is set.")
	s.logIn("ann@work.example.org", newPass)
	s.sees("Your account")
}
