package ui_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract" // every answer is held against the document
	"github.com/allauth-go/allauth/internal/integration/testbrowser"
	"github.com/allauth-go/allauth/ui"
)

const (
	ann     = "ann@example.org"
	newPass = "another-Tr0ub4dor-4-you"
)

// pictures is a folder for pictures of all screens, if the environment names one.
var pictures = os.Getenv("ALLAUTH_TEST_PICTURES")

// site is a server with pages, and a tab of a browser that shows them.
type site struct {
	*clienttest.Server
	t    *testing.T
	tab  context.Context
	base string
	key  webauthn.AuthenticatorID // that the browser has
}

// start starts a server with pages at /account/, and a browser with an empty tab.
func start(t *testing.T, edit func(cfg *allauth.Config)) *site {
	t.Helper()
	return startWith(t, ui.Config{}, edit)
}

func startWith(t *testing.T, pages ui.Config, edit func(cfg *allauth.Config)) *site {
	t.Helper()
	s := &site{t: t, tab: testbrowser.Start(t)}
	s.Server = clienttest.Start(t, clienttest.Unlimited, func(cfg *allauth.Config) {
		cfg.BaseURL = strings.Replace(cfg.BaseURL, "127.0.0.1", "localhost", 1) // keys need a name
		edit(cfg)
		s.base = cfg.BaseURL
	})
	handler, err := ui.New(s.Auth, pages)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", s.Auth)
	mux.Handle("/account/", handler)
	mux.HandleFunc("/app", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<h1>The application</h1>"))
	})
	s.Handler = mux
	return s
}

// newTab returns the same site in another tab of the browser, with the same cookies.
func (s *site) newTab() *site {
	s.t.Helper()
	tab, closeTab := chromedp.NewContext(s.tab)
	s.t.Cleanup(closeTab)
	if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil {
		s.t.Fatal(err)
	}
	return &site{Server: s.Server, t: s.t, tab: tab, base: s.base}
}

type action = chromedp.Action[chromedp.Void]

// do runs actions one after the other. If one fails, the error has what the page says.
func (s *site) do(what string, actions ...action) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, testbrowser.Patience/2)
	defer cancel()
	for _, act := range actions {
		if err := chromedp.Do(ctx, act); err != nil {
			late, cancel := context.WithTimeout(s.tab, 5*time.Second)
			defer cancel()
			text, _ := chromedp.Run(late, chromedp.Evaluate[string]("location.pathname + location.search + '\\n' + document.body.innerText"))
			s.t.Fatalf("%s: %v; the page says:\n%s", what, err, text)
		}
	}
}

func evaluate[T any](s *site, expression string) T {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, testbrowser.Patience/2)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (s *site) visit(path string) {
	s.t.Helper()
	s.do("visit "+path, chromedp.Navigate(s.base+path))
}

// await waits until an expression of JavaScript is true, on this page or on one that follows.
func (s *site) await(what, expression string) {
	s.t.Helper()
	s.do(what, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for {
			_, err := chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(testbrowser.Patience/2))(ctx, t)
			if err == nil || !strings.Contains(err.Error(), "navigated") && !strings.Contains(err.Error(), "context with specified id") || ctx.Err() != nil {
				return err
			}
		}
	}))
}

// sees waits for the screen with a heading, and looks at it.
func (s *site) sees(heading string) {
	s.t.Helper()
	s.await("see "+heading, fmt.Sprintf(`[...document.querySelectorAll('h1')].at(-1)?.textContent === %q && !document.querySelector('allauth-app > [aria-busy]')`, heading))
	if got := evaluate[string](s, "document.title"); !strings.HasPrefix(got, heading) {
		s.t.Errorf("the title of %q is %q", heading, got)
	}
	s.look(heading)
}

// says waits until the page says that something has succeeded.
func (s *site) says(text string) { s.t.Helper(); s.told("status", text) }

// warns waits until the page tells a problem.
func (s *site) warns(text string) { s.t.Helper(); s.told("alert", text) }

func (s *site) told(role, text string) {
	s.t.Helper()
	s.await(role+" "+text, fmt.Sprintf(`[...document.querySelectorAll('[role=%s]')].some((node) => node.textContent.includes(%q))`, role, text))
}

// refuses waits until a field has a problem, and has the focus.
func (s *site) refuses(label, text string) {
	s.t.Helper()
	s.await("refuse "+label, fmt.Sprintf(`(() => {
		const input = document.activeElement;
		return input.labels?.[0]?.textContent.startsWith(%q) && input.ariaInvalid === 'true'
			&& document.getElementById(input.id + '-error').textContent.includes(%q);
	})()`, label, text))
}

// mark gives the first visible element among those that an expression returns an attribute,
// by which it is found, and waits for it. While a dialog is open, the rest cannot be used.
func (s *site) mark(what, candidates string) {
	s.t.Helper()
	s.await(what, fmt.Sprintf(`(() => {
		const page = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
		const found = %s.find((node) => node.checkVisibility());
		document.querySelector('[data-marked]')?.removeAttribute('data-marked');
		found?.setAttribute('data-marked', '');
		return found !== undefined;
	})()`, candidates))
}

// fill types into the field with the label, in place of what it has.
func (s *site) fill(label, text string) {
	s.t.Helper()
	s.mark("fill "+label, fmt.Sprintf(`[...page.querySelectorAll('input')].filter((input) => input.labels?.[0]?.textContent.startsWith(%q))`, label))
	evaluate[bool](s, `(() => { const input = document.querySelector('[data-marked]'); input.focus(); input.select(); return true; })()`)
	s.do("fill "+label, chromedp.KeyEvent(text))
}

// press presses the button or link with the text.
func (s *site) press(text string) {
	s.t.Helper()
	s.mark("press "+text, fmt.Sprintf(`[...page.querySelectorAll('button, a, summary')].filter((node) => [node, node.querySelector('[part=title]')].some((part) => part?.textContent.trim() === %q))`, text))
	s.do("press "+text, chromedp.Click("[data-marked]"))
}

// look checks that nothing overflows, on a desktop and on the smallest phone, and takes
// pictures of both in both schemes.
func (s *site) look(name string) {
	s.t.Helper()
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1100, 800}, {"phone", 320, 640}} {
		s.do("resize", chromedp.EmulateViewport(size.width, size.height))
		if wide := evaluate[string](s, `[...document.querySelectorAll('body *')].filter((node) => node.getBoundingClientRect().right > innerWidth + .5 || node.getBoundingClientRect().left < -.5 && node.getBoundingClientRect().width > 0).map((node) => node.outerHTML.slice(0, 200)).join('\n')`); wide != "" {
			s.t.Errorf("%s overflows on a %s:\n%s", name, size.name, wide)
		}
		if pictures == "" {
			continue
		}
		for _, scheme := range []string{"light", "dark"} {
			s.do("scheme", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
				})
				return err
			}))
			ctx, cancel := context.WithTimeout(s.tab, testbrowser.Patience)
			picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			cancel()
			if err != nil {
				s.t.Fatal(err)
			}
			file := unsafeInNames.ReplaceAllString(s.t.Name()+" "+name, "-") + "-" + size.name + "-" + scheme + ".png"
			if err := os.WriteFile(filepath.Join(pictures, file), picture, 0o600); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	s.do("resize", chromedp.EmulateViewport(1100, 800))
}

var unsafeInNames = regexp.MustCompile(`[^A-Za-z0-9]+`)

// plugIn gives the browser a key that verifies its user and responds at once.
func (s *site) plugIn() {
	s.t.Helper()
	options := webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}
	s.do("plug in a key", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		result, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &options})
		if err == nil {
			s.key = result.AuthenticatorID
		}
		return err
	}))
}

// touch says whether the user touches the key whenever the browser asks for it.
func (s *site) touch(touches bool) {
	s.t.Helper()
	s.do("touch the key", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: s.key, Enabled: touches})
		return err
	}))
}

// link returns the path of the link in a mail.
func (s *site) link(to string) string {
	s.t.Helper()
	mail := s.Mail(to)
	found := linkInMail.FindStringSubmatch(mail.Text)
	if found == nil {
		s.t.Fatalf("no link in the mail:\n%s", mail.Text)
	}
	return found[1]
}

var linkInMail = regexp.MustCompile(`http://localhost:\d+(/account/\S+)`)

// signUp signs up by link, and logs in.
func (s *site) signUp(email string) {
	s.t.Helper()
	s.visit("/account/signup")
	s.sees("Sign up")
	s.fill("Email address", email)
	s.fill("Password", clienttest.Password)
	s.press("Sign up")
	s.sees("Verify your email address")
	s.visit(s.link(email))
	s.press("Yes, verify it")
	s.sees("Log in")
	s.says("Your email address is verified.")
	s.logIn(email, clienttest.Password)
	s.sees("Your account")
}

func (s *site) logIn(email, password string) {
	s.t.Helper()
	s.fill("Email address", email)
	s.fill("Password", password)
	s.press("Log in")
}

func (s *site) logOut() {
	s.t.Helper()
	s.visit("/account/")
	s.sees("Your account")
	s.press("Log out")
	s.sees("Log in")
	s.says("You are logged out.")
}

// appCode returns the present code of the app with a secret.
func (s *site) appCode(secret string) string {
	s.t.Helper()
	s.Clock.Advance(30 * time.Second) // a code is accepted once
	code, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), s.Clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}
