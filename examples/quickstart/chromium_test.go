package main

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromiumVariable names the browser to test the page with. Without it the
// tests of the page are left out: not everybody has Chromium.
const chromiumVariable = "ALLAUTH_TEST_CHROMIUM"

// openChromium opens the page in a browser without a screen.
func openChromium(t *testing.T, base string) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(os.Getenv(chromiumVariable)), chromedp.NoSandbox)
	ctx, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelBrowser := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		cancelBrowser()
		cancelAllocator()
	})
	steps(t, ctx, chromedp.Navigate(base))
	return ctx
}

// steps does one thing after the other and gives each its time.
func steps(t *testing.T, ctx context.Context, actions ...step) {
	t.Helper()
	for i, action := range actions {
		if err := within(ctx, patience, action); err != nil {
			text, _ := chromedp.Run(ctx, chromedp.Text("body")) // to see what was there
			t.Fatalf("step %d: %v; the page says:\n%s", i+1, err, text)
		}
	}
}

type step = chromedp.Action[chromedp.Void]

func within(ctx context.Context, limit time.Duration, action step) error {
	if chromedp.FromContext(ctx).Target == nil { // the first step starts the browser, which must outlive it
		return chromedp.Do(ctx, action)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return chromedp.Do(ctx, action)
}

// heading waits for a section with that title.
func heading(title string) step {
	return chromedp.WaitVisible(`//h2[text()="` + title + `"]`)
}

// fill writes into the field of the section with that title.
func fill(title, field, text string) step {
	return chromedp.SetValue(`//section[h2[text()="`+title+`"]]//input[@name="`+field+`"]`, text)
}

// press presses the button of that name.
func press(label string) step {
	return chromedp.Click(`//button[text()="` + label + `"]`)
}

// says waits until the page holds the text.
func says(text string) step {
	return chromedp.WaitVisible(`//*[contains(text(), "` + text + `")]`)
}

// signUpOnThePage makes an account, verifies its address and logs in.
func signUpOnThePage(t *testing.T, ctx context.Context, base string, output *terminal) {
	t.Helper()
	steps(t, ctx,
		fill("Sign up", "email", "ann@example.org"), fill("Sign up", "password", testPassword), press("Sign up"),
		says("Open the link in the mail"), heading("Verify your address"))
	steps(t, ctx,
		chromedp.Navigate(base+"/account/verify-email/"+output.find(t, `/account/verify-email/(\S+)`)),
		press("Verify"), says("Your address is verified"),
		fill("Log in", "email", "ann@example.org"), fill("Log in", "password", testPassword), press("Log in"),
		heading("Your addresses"))
}

func TestAPersonClicksThroughThePage(t *testing.T) {
	if os.Getenv(chromiumVariable) == "" {
		t.Logf("%s is not set", chromiumVariable)
		return
	}
	base, output := startApp(t, "")
	ctx := openChromium(t, base)
	signUpOnThePage(t, ctx, base, output)
	const changed = "Another-1-horse"
	steps(t, ctx,
		fill("Add an address", "email", "second@example.org"), press("Add"), says("second@example.org"),
		fill("Change your password", "current_password", "wrong-wrong-1"), fill("Change your password", "new_password", changed), press("Change"),
		chromedp.WaitVisible(".error:not(:empty)"),
		fill("Change your password", "current_password", testPassword), press("Change"),
		says("Your password is changed"),
		press("Log out"), says("You are logged out"),
		fill("Log in", "email", "ann@example.org"), fill("Log in", "password", changed), press("Log in"),
		heading("Your sessions"), press("Log out"), says("Nobody is logged in"),
		fill("Log in by code", "email", "ann@example.org"), press("Mail me a code"), heading("Enter the code from the mail"))
	steps(t, ctx,
		fill("Enter the code from the mail", "code", output.find(t, `(?m)^\s*([A-Z]{4}-[A-Z]{4})\s*$`)), press("Enter the code from the mail"),
		heading("Your sessions"))
}
