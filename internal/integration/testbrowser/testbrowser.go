// Package testbrowser starts a headless browser for tests.
package testbrowser

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Patience is how long tests wait for the browser, which may be slow beside other tests.
const Patience = time.Minute

// Start starts the browser that ALLAUTH_TEST_CHROMIUM names, and returns its context. It
// skips the test if there is none.
func Start(t *testing.T, flags ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path := os.Getenv("ALLAUTH_TEST_CHROMIUM")
	if path == "" {
		t.Skip("ALLAUTH_TEST_CHROMIUM is not set")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WSURLReadTimeout(Patience))
	ctx, cancelAllocator := chromedp.NewExecAllocator(context.Background(), append(options, flags...)...)
	ctx, cancelBrowser := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		cancelBrowser()
		cancelAllocator()
	})
	// The first step starts the browser, which must outlive the step.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}
