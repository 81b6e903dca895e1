package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// setUpApp sets up an authenticator app and returns a recovery code.
func (s *screen) setUpApp(t *testing.T) string {
	t.Helper()
	s.steps(t, press("Two-factor authentication", "Set up an app"), chromedp.WaitVisible(`//section//code`),
		eventually(`document.querySelector('img').naturalWidth > 0`))
	secret := text(t, s, `//section//code`)
	for range 3 { // the period of the code may end meanwhile
		code, err := totp.GenerateCode(secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		s.steps(t, fill("Test your app", "code", code), press("Test your app", "Go on"),
			chromedp.WaitVisible(`//p[contains(text(), "Your app is set up")] | //label/span[text()]`))
		if strings.Contains(text(t, s, "#note"), "set up") {
			break
		}
	}
	s.steps(t, press("Your recovery codes", "Show"), chromedp.WaitVisible("//pre"))
	code, _, _ := strings.Cut(text(t, s, "//pre"), "\n")
	return code
}

// eventually waits until the JavaScript expression is true.
func eventually(expression string) step {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience))(ctx, target)
		return chromedp.Void{}, err
	}
}

func text(t *testing.T, s *screen, selector string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	found, err := chromedp.Run(ctx, chromedp.Text(selector))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(found)
}

func TestTwoFactorsOnThePage(t *testing.T) {
	onThePage(t, options{}, func(t *testing.T, s *screen) {
		s.signUp(t, ann)
		recoveryCode := s.setUpApp(t)
		s.steps(t, logOut()...)
		s.steps(t, fill("Log in", "email", ann), fill("Log in", "password", testPassword), press("Log in", "Log in"),
			fill("Your second factor", "code", "000000"), press("Your second factor", "Go on"), refused("Your second factor", "code"),
			fill("Your second factor", "code", recoveryCode), press("Your second factor", "Go on"),
			press("Do you trust this browser?", "Trust it"), says("9 of 10 are left"))
		s.steps(t, logOut()...)
		s.steps(t, logIn(ann, testPassword)...) // the browser is trusted
		s.steps(t, press("Two-factor authentication", "Remove your app"), says("Your app is removed"), says("You have no authenticator app"))
	})
}

// plugIn gives the browser a key that responds without the user and verifies
// them.
func (s *screen) plugIn(t *testing.T) {
	t.Helper()
	options := webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}
	s.steps(t, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &options})
		return chromedp.Void{}, err
	})
}

func TestAPasskeyOnThePage(t *testing.T) {
	onThePage(t, options{}, func(t *testing.T, s *screen) {
		s.plugIn(t)
		s.signUp(t, ann)
		s.steps(t, fill("Add a passkey", "name", "My laptop"), press("Add a passkey", "Add"), says("Your passkey is added"),
			chromedp.WaitVisible(`//li[span[text()="My laptop"]]`))
		s.steps(t, logOut()...)
		s.steps(t, press("Log in with a passkey", "Use a passkey"), heading("Your sessions"))
		s.steps(t, logOut()...)
		// A passkey is also a second factor.
		s.steps(t, fill("Log in", "email", ann), fill("Log in", "password", testPassword), press("Log in", "Log in"),
			press("Your security key", "Use your key"), press("Do you trust this browser?", "Ask again"), heading("Your sessions"),
			press("Your passkeys", "Remove"), chromedp.WaitNotPresent(`//li[span[text()="My laptop"]]`))
	})
}

func TestASignUpWithAPasskeyOnThePage(t *testing.T) {
	onThePage(t, options{codes: true}, func(t *testing.T, s *screen) {
		s.plugIn(t)
		s.steps(t, fill("Sign up with a passkey", "email", ann), press("Sign up with a passkey", "Sign up with a passkey"), heading("Verify your address"))
		s.steps(t, fill("Verify your address", "key", s.output.find(t, oneTimeCode)), press("Verify your address", "Verify"),
			fill("Create your passkey", "name", "My laptop"), press("Create your passkey", "Create"), heading("Your sessions"))
		s.steps(t, logOut()...)
		s.steps(t, press("Log in with a passkey", "Use a passkey"), heading("Your sessions"),
			chromedp.WaitVisible(`//li[span[text()="My laptop"]]`))
	})
}

func TestTheQRCode(t *testing.T) {
	t.Parallel()
	base, output := startApp(t, options{})
	b := newBrowser(t, base)
	draw := func(text string) (int, string) {
		request, err := http.NewRequest(http.MethodPost, base+"/qr", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return b.do(t, request)
	}
	if status, _ := draw("otpauth://totp/a?secret=b"); status != http.StatusUnauthorized {
		t.Errorf("without a login: status %d", status)
	}
	signUp(t, b, output)
	b.want(t, 200, "POST", "auth/login", credentials)
	if status, text := draw("otpauth://totp/a?secret=b"); status != http.StatusOK || !strings.HasPrefix(text, "<svg ") {
		t.Errorf("status %d: %s", status, text)
	}
	if status, _ := draw(strings.Repeat("a", maxQRCode+1)); status != http.StatusBadRequest {
		t.Errorf("of a long text: status %d", status)
	}
}
