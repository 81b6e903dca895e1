package main

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// chromiumVariable names the browser for the tests of the page. Without it they
// are skipped.
const chromiumVariable = "ALLAUTH_TEST_CHROMIUM"

type step = chromedp.Action[chromedp.Void]

// launch starts the browser that the tests share: starting one takes about as
// long as a test.
var launch = sync.OnceValues(func() (context.Context, error) {
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(os.Getenv(chromiumVariable)), chromedp.NoSandbox)
	ctx, cancelAllocator := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, cancelBrowser := chromedp.NewContext(ctx)
	quit = func() {
		cancelBrowser()
		cancelAllocator()
	}
	return ctx, chromedp.Do(ctx)
})

// quit ends the browser, if it was launched.
var quit = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	quit()
	os.Exit(code)
}

// screen is a tab of a headless browser that shows the page. It shares no cookies
// with other tabs.
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
	browser, err := launch()
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	s := &screen{ctx, base, output}
	// The first step opens the tab, which must outlive the step.
	if err := chromedp.Do(ctx, chromedp.Navigate(base)); err != nil {
		t.Fatal(err)
	}
	test(t, s)
}

// steps runs one action after the other, each with its own timeout.
func (s *screen) steps(t *testing.T, actions ...step) {
	t.Helper()
	for i, action := range actions {
		if err := s.do(action); err != nil {
			text, _ := chromedp.Run(s.ctx, chromedp.Text("body")) // for the error
			t.Fatalf("step %d: %v; the page says:\n%s", i+1, err, text)
		}
	}
}

func (s *screen) do(action step) error {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, action)
}

// open follows a link of a mail.
func (s *screen) open(t *testing.T, pattern string) {
	t.Helper()
	s.steps(t, chromedp.Navigate(s.base+s.output.find(t, pattern)))
}

// The patterns of links and codes in mails and text messages.
const (
	verificationLink = `(/account/verify-email/\S+)`
	resetLink        = `(/account/password/reset/key/\S+)`
	oneTimeCode      = `(?m)^\s*([A-Z]{4}-[A-Z]{4})\s*$`
)

// heading waits for a section with the title.
func heading(title string) step {
	return chromedp.WaitVisible(`//h2[text()="` + title + `"]`)
}

// fill writes into a field of the section with the title.
func fill(title, field, text string) step {
	return chromedp.SetValue(`//section[h2[text()="`+title+`"]]//input[@name="`+field+`"]`, text)
}

// press presses a button of the section with the title.
func press(title, label string) step {
	return chromedp.Click(`//section[h2[text()="` + title + `"]]//button[text()="` + label + `"]`)
}

// pressOutside presses a button outside of the sections.
func pressOutside(label string) step {
	return chromedp.Click(`//button[text()="` + label + `"][not(ancestor::section)]`)
}

// says waits until the page contains the text.
func says(text string) step {
	return chromedp.WaitVisible(`//*[contains(text(), "` + text + `")]`)
}

// refused waits for a problem at a field.
func refused(title, field string) step {
	return chromedp.WaitVisible(`//section[h2[text()="` + title + `"]]//label[input[@name="` + field + `"]]/span[text()]`)
}

func logIn(email, password string) []step {
	return []step{fill("Log in", "email", email), fill("Log in", "password", password), press("Log in", "Log in"), heading("Your sessions")}
}

func logOut() []step {
	return []step{pressOutside("Log out"), says("You are logged out"), heading("Log in")}
}

// signUp creates an account, verifies its address and logs in.
func (s *screen) signUp(t *testing.T, email string) {
	t.Helper()
	s.steps(t,
		fill("Sign up", "email", email), fill("Sign up", "password", testPassword), press("Sign up", "Sign up"),
		says("We have mailed you a link"))
	s.open(t, verificationLink)
	s.steps(t, says("Is "+email+" your address?"), press("Verify your address", "Verify"), says("Your address is verified"), heading("Log in"))
	s.steps(t, logIn(email, testPassword)...)
}
