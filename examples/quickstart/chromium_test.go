package main

import (
	"context"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// chromiumVariable names the browser to test the page with. Without it the
// tests of the page are left out: not everybody has Chromium.
const chromiumVariable = "ALLAUTH_TEST_CHROMIUM"

type step = chromedp.Action[chromedp.Void]

// screen is a browser without a screen, with the page open.
type screen struct {
	ctx    context.Context
	base   string
	output *terminal
}

// onThePage runs a test in a browser, if there is one.
func onThePage(t *testing.T, o options, test func(t *testing.T, s *screen)) {
	t.Helper()
	if os.Getenv(chromiumVariable) == "" {
		t.Logf("%s is not set", chromiumVariable)
		return
	}
	base, output := startApp(t, o)
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(os.Getenv(chromiumVariable)), chromedp.NoSandbox)
	ctx, cancelAllocator := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, cancelBrowser := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		cancelBrowser()
		cancelAllocator()
	})
	s := &screen{ctx, base, output}
	// The first step starts the browser, which must outlive it.
	if err := chromedp.Do(ctx, chromedp.Navigate(base)); err != nil {
		t.Fatal(err)
	}
	test(t, s)
}

// steps does one thing after the other and gives each its time.
func (s *screen) steps(t *testing.T, actions ...step) {
	t.Helper()
	for i, action := range actions {
		if err := s.do(action); err != nil {
			text, _ := chromedp.Run(s.ctx, chromedp.Text("body")) // to see what was there
			t.Fatalf("step %d: %v; the page says:\n%s", i+1, err, text)
		}
	}
}

func (s *screen) do(action step) error {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, action)
}

// open follows a link from a mail.
func (s *screen) open(t *testing.T, pattern string) {
	t.Helper()
	s.steps(t, chromedp.Navigate(s.base+s.output.find(t, pattern)))
}

// The patterns of what mails and text messages hold.
const (
	verificationLink = `(/account/verify-email/\S+)`
	resetLink        = `(/account/password/reset/key/\S+)`
	oneTimeCode      = `(?m)^\s*([A-Z]{4}-[A-Z]{4})\s*$`
)

// heading waits for a section with that title.
func heading(title string) step {
	return chromedp.WaitVisible(`//h2[text()="` + title + `"]`)
}

// fill writes into the field of the section with that title.
func fill(title, field, text string) step {
	return chromedp.SetValue(`//section[h2[text()="`+title+`"]]//input[@name="`+field+`"]`, text)
}

// press presses a button of the section with that title.
func press(title, label string) step {
	return chromedp.Click(`//section[h2[text()="` + title + `"]]//button[text()="` + label + `"]`)
}

// pressOutside presses a button that belongs to no section.
func pressOutside(label string) step {
	return chromedp.Click(`//button[text()="` + label + `"][not(ancestor::section)]`)
}

// says waits until the page holds the text.
func says(text string) step {
	return chromedp.WaitVisible(`//*[contains(text(), "` + text + `")]`)
}

// refused waits for a problem beside a field.
func refused(title, field string) step {
	return chromedp.WaitVisible(`//section[h2[text()="` + title + `"]]//label[input[@name="` + field + `"]]/span[text()]`)
}

func logIn(email, password string) []step {
	return []step{fill("Log in", "email", email), fill("Log in", "password", password), press("Log in", "Log in"), heading("Your sessions")}
}

func logOut() []step {
	return []step{pressOutside("Log out"), says("You are logged out"), heading("Log in")}
}

// signUp makes an account, verifies its address and logs in.
func (s *screen) signUp(t *testing.T, email string) {
	t.Helper()
	s.steps(t,
		fill("Sign up", "email", email), fill("Sign up", "password", testPassword), press("Sign up", "Sign up"),
		says("We have mailed you a link"))
	s.open(t, verificationLink)
	s.steps(t, says("Is "+email+" your address?"), press("Verify your address", "Verify"), says("Your address is verified"), heading("Log in"))
	s.steps(t, logIn(email, testPassword)...)
}
