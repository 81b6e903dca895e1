package main

import (
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
)

// pick selects a user at the demo provider.
func pick(name string) step { return chromedp.Click(`//button[starts-with(text(), "` + name + `")]`) }

func TestAProviderOnThePage(t *testing.T) {
	onThePage(t, options{demo: true}, func(t *testing.T, s *screen) {
		s.steps(t, press("Log in with a provider", "Log in with Demo provider"), pick("Cancel"), says("You went back without logging in"),
			press("Log in with a provider", "Log in with Demo provider"), pick("Ada Example"), heading("Your accounts at providers"), says("Demo provider: ada@example.com"))
		// The only way to log in cannot be removed.
		s.steps(t, press("Your accounts at providers", "Disconnect"), chromedp.WaitVisible(`//p[@id="note"][text()]`), says("Demo provider: ada@example.com"))
		s.steps(t, logOut()...)
	})
}

func TestAnUnknownAddressAtTheProviderOnThePage(t *testing.T) {
	onThePage(t, options{demo: true}, func(t *testing.T, s *screen) {
		s.steps(t, press("Log in with a provider", "Log in with Demo provider"),
			chromedp.SetValue(`//input[@name="name"]`, "Zoe"), pick("Log in as another person"),
			says("Demo provider says you are Zoe"), fill("Complete your sign-up", "email", ann), press("Complete your sign-up", "Sign up"),
			says("We have mailed you a link"))
		s.open(t, verificationLink)
		s.steps(t, press("Verify your address", "Verify"), says("Your address is verified"))
		s.steps(t, press("Log in with a provider", "Log in with Demo provider"),
			chromedp.SetValue(`//input[@name="name"]`, "Zoe"), pick("Log in as another person"), heading("Your accounts at providers"))
	})
}

func TestAnAccountIsConnectedOnThePage(t *testing.T) {
	onThePage(t, options{demo: true}, func(t *testing.T, s *screen) {
		s.signUp(t, ann)
		s.steps(t, press("Your accounts at providers", "Connect Demo provider"), pick("Ada Example"), says("Demo provider: ada@example.com"),
			press("Your accounts at providers", "Disconnect"), chromedp.WaitNotPresent(`//button[text()="Disconnect"]`))
		s.steps(t, logOut()...)
	})
}

var formTargets = regexp.MustCompile(`form-action 'self' http://127\.0\.0\.1:\d+$`)

func TestTheFormsLeadToTheProvider(t *testing.T) {
	t.Parallel()
	base, _ := startApp(t, options{demo: true})
	b := newBrowser(t, base)
	response, err := b.Get(base)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // only the header counts
	if got := response.Header.Get("Content-Security-Policy"); !formTargets.MatchString(got) {
		t.Errorf("the policy is %s", got)
	}
}
