package allauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/headless"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/cookie"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/locale"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/social"
	"github.com/allauth-go/allauth/internal/tokens"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/users"
)

// Config configures the library. BaseURL, Secrets and Mailer must be set; the
// zero value of everything else is the safe choice.
//
// A request has four phases: its input is checked; slow work follows, such as
// hashing, requests to providers, and functions of the host that need to know the
// user; one transaction stores everything; then events are published and the
// response is written. The comment of each function says in which phase it is
// called. Functions get the context of the request, which ends after HookTimeout.
// They are called concurrently, and while no transaction is open and no lock is
// held, so they may use the database.
type Config struct {
	// BaseURL is the public URL of the server, like https://app.example.com.
	// Links and cookies are made from it, never from a request's Host header.
	BaseURL string
	// Secrets sign and encrypt. The first one is the current one: to rotate, put
	// a new one in front. Each has at least 32 random bytes.
	Secrets [][]byte
	// Mailer delivers mails.
	Mailer notify.Mailer
	// SiteName is the name of the site in mails. Empty: the host of BaseURL.
	SiteName string

	// LoginTimeout is how long a login may wait at its stages. Zero: 15 minutes.
	LoginTimeout time.Duration
	// ReauthenticationTimeout is how long an authentication counts as recent.
	// Zero: 5 minutes.
	ReauthenticationTimeout time.Duration
	// BeforeLogin is called after every stage of a login, before its transaction;
	// a new user is stored by then. Return an [*authn.Error] or [authn.Errors] to
	// refuse the login: the client receives it, and what happened before (a new
	// account, a verified address, a changed password) is kept. After any other
	// error the API answers with status 503 and nothing is kept. It is called
	// again if a concurrent request changes the user meanwhile.
	BeforeLogin func(ctx context.Context, u *authn.User, methods []authn.Method) error
	// MayImpersonate decides whether a user may act as another one, see
	// Auth.Impersonate. It is called after all other conditions are met. Return an
	// error to refuse it; Impersonate returns that error. Nil: no user may.
	MayImpersonate func(ctx context.Context, actor, target *authn.User, reason string) error
	// DisableEmailNotifications sends no mail about changes of passwords,
	// addresses, second factors and connected accounts.
	DisableEmailNotifications bool

	// Account configures accounts.
	Account account.Config
	// Users configures how users are deleted, and what they can do so themselves.
	Users users.Config
	// MFA turns on second factors and passkeys. Nil: off.
	MFA *mfa.Config
	// SocialAccount turns on login through third parties. Nil: off.
	SocialAccount *socialaccount.Config
	// Sessions configures sessions.
	Sessions sessions.Config
	// Tokens turns on access and refresh tokens for apps, beside their session
	// tokens. Nil: off.
	Tokens *token.Config
	// Headless configures how the API is served.
	Headless headless.Config

	// RateLimits replaces the rates of single actions, like "5/m/user" or
	// "20/m/ip,5/m/key". An empty text removes the limit.
	RateLimits map[string]string
	// DisableRateLimits removes all limits. For tests only.
	DisableRateLimits bool
	// TrustedProxies are the proxies whose X-Forwarded-For is trusted. Nil: none.
	TrustedProxies []netip.Prefix
	// TrustUnixSockets trusts the X-Forwarded-For of peers that connect through a
	// unix socket, which only proxies on the same machine can.
	TrustUnixSockets bool
	// ClientIP returns the address of the client, for proxies that send it in
	// another header. It is called first, and possibly more than once for a
	// request. Nil, or a zero Addr: the address of the peer, or the one that a
	// trusted proxy sends in X-Forwarded-For.
	ClientIP func(r *http.Request) netip.Addr
	// TrustedOrigins are the origins, beside that of BaseURL, whose pages may
	// call the browser API, like https://www.example.com.
	TrustedOrigins []string

	// Languages are the languages of the site, as BCP 47 tags like "de" or
	// "pt-BR", the default first. Messages of the API and mails are in the language
	// that the user has set, or else in the best one of the request's
	// Accept-Language header, or else in the default. English, German, French,
	// Spanish, Dutch and Polish are built in; Templates adds others, see
	// docs/languages.md. Nil: English only.
	Languages []string
	// LanguageField is the member of authn.User.Extra with the language that the
	// user has set, a BCP 47 tag. Empty: language.
	LanguageField string
	// Templates replaces texts of the API and of mails, file by file, see
	// docs/mails.md and docs/languages.md. Nil: the built-in ones.
	Templates fs.FS
	// EmailSubjectPrefix is the prefix of each subject. Empty: the site name in
	// brackets.
	EmailSubjectPrefix string

	// OnEvent is called once for each event, after it is stored. The response
	// waits for it, so it should return quickly. docs/events.md lists the events.
	OnEvent func(ctx context.Context, e authn.Event)
	// Audit keeps events as rows, in the transaction of the change that they are
	// about, for AuditEvents. Nil: off.
	Audit *audit.Config
	// HookTimeout bounds each call of a function or provider of the host. If one
	// takes longer, or panics, the API answers with status 503 or 500, and the
	// error is logged. After OnEvent the request succeeds all the same, and if
	// Account.Password.BreachList fails, the password is accepted. Zero: 10
	// seconds.
	HookTimeout time.Duration
	// Logger receives errors, warnings, at Info each refused limit, and at Debug
	// credentials of the other kind of client. Neither secrets nor addresses are
	// logged; they are removed from the errors of senders and from the values of
	// panics. Nil: slog.Default.
	Logger *slog.Logger

	// Observer measures requests, hashes, refused limits and deliveries, for metrics
	// and traces, see module allauthotel. Statements of sqlstore are measured by its
	// option Observe. Nil: off.
	Observer authn.Observer

	// CleanInterval is how often one of the servers with the same store deletes
	// expired rows in the background. Zero: 10 minutes. Negative: never; call
	// Auth.Clean instead.
	CleanInterval time.Duration

	// Now is the clock. Nil: the system's clock. For tests.
	Now func() time.Time
	// Rand is the source of randomness. Nil: crypto/rand. For tests.
	Rand io.Reader
}

func (c Config) withDefaults() Config {
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	c.SiteName = cmp.Or(c.SiteName, c.hostname())
	c.EmailSubjectPrefix = cmp.Or(c.EmailSubjectPrefix, "["+c.SiteName+"] ")
	c.Headless.BasePath = cmp.Or(c.Headless.BasePath, "/_allauth")
	if c.Headless.Clients == nil {
		c.Headless.Clients = []string{"app", "browser"}
	}
	pages := &c.Headless.FrontendURLs
	for _, page := range []struct {
		url  *string
		path string
	}{
		{&pages.ConfirmEmail, "/account/verify-email/{key}"},
		{&pages.ResetPassword, "/account/password/reset"},
		{&pages.ResetPasswordFromKey, "/account/password/reset/key/{key}"},
		{&pages.LoginAlert, "/account/login-alert/{key}"},
		{&pages.Signup, "/account/signup"},
		{&pages.SocialLoginError, "/account/provider/callback"},
	} {
		*page.url = cmp.Or(*page.url, page.path)
		if strings.HasPrefix(*page.url, "/") {
			*page.url = c.BaseURL + *page.url
		}
	}
	c.Logger = cmp.Or(c.Logger, slog.Default())
	c.LanguageField = cmp.Or(c.LanguageField, "language")
	c.LoginTimeout = cmp.Or(c.LoginTimeout, 15*time.Minute)
	c.ReauthenticationTimeout = cmp.Or(c.ReauthenticationTimeout, 5*time.Minute)
	c.CleanInterval = cmp.Or(c.CleanInterval, 10*time.Minute)
	c.HookTimeout = cmp.Or(c.HookTimeout, 10*time.Second)
	c.Users.DeletionGrace = cmp.Or(c.Users.DeletionGrace, 14*24*time.Hour)
	c.Account = accounts.WithDefaults(c.Account)
	c.Account.Password.Blocklist = append(slices.Clone(c.Account.Password.Blocklist), c.SiteName, c.hostname())
	c.MFA = factors.WithDefaults(c.MFA)
	c.SocialAccount = social.WithDefaults(c.SocialAccount)
	c.Sessions = session.WithDefaults(c.Sessions)
	c.Audit = auditDefaults(c.Audit)
	if c.Tokens != nil {
		tokens := tokens.WithDefaults(*c.Tokens)
		c.Tokens = &tokens
	}
	return c
}

// hostname returns the host of BaseURL, or an empty text if that is not a URL.
func (c Config) hostname() string {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (c Config) validate() error {
	base, err := url.Parse(c.BaseURL)
	switch {
	case c.BaseURL == "":
		return errors.New("BaseURL is empty; set the public URL of the server, like https://app.example.com")
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return fmt.Errorf("BaseURL %q is not an absolute URL; use one like https://app.example.com", c.BaseURL)
	case base.RawQuery != "" || base.Fragment != "" || base.User != nil:
		return fmt.Errorf("BaseURL %q has more than a host and a path; remove the rest", c.BaseURL)
	case isNil(c.Mailer):
		return errors.New("Mailer is nil; set one, for example &notify.SMTP{...} or, for a demo, &notify.Log{Writer: os.Stdout}")
	case !strings.HasPrefix(c.Headless.BasePath, "/") || strings.HasSuffix(c.Headless.BasePath, "/"):
		return fmt.Errorf("Headless.BasePath %q must begin with a slash and not end with one; use one like /_allauth", c.Headless.BasePath)
	}
	if err := c.Mailer.Validate(); err != nil {
		return fmt.Errorf("Mailer: %w", err)
	}
	if _, err := locale.Tags(c.Languages); err != nil {
		return err
	}
	switch {
	case c.HookTimeout < 0:
		return errors.New("HookTimeout is negative; leave it zero for 10 seconds")
	case c.Users.DeletionGrace < 0:
		return errors.New("Users.DeletionGrace is negative; leave it zero for 14 days")
	case c.LoginTimeout < 0:
		return errors.New("LoginTimeout is negative; leave it zero for 15 minutes")
	case c.ReauthenticationTimeout < 0:
		return errors.New("ReauthenticationTimeout is negative; leave it zero for 5 minutes")
	}
	for i, prefix := range c.TrustedProxies {
		if !prefix.IsValid() {
			return fmt.Errorf("TrustedProxies[%d] is not a prefix; use one like 10.0.0.0/8", i)
		}
	}
	for _, origin := range c.TrustedOrigins {
		if strings.Contains(origin, "*") {
			return fmt.Errorf("TrustedOrigins holds %q, which is no origin; list each one, like https://www.example.com", origin)
		}
	}
	if len(c.Headless.Clients) == 0 {
		return errors.New("Headless.Clients is empty; use app or browser, or leave it nil for both")
	}
	for _, kind := range c.Headless.Clients {
		if kind != "app" && kind != "browser" {
			return fmt.Errorf("Headless.Clients holds %q; use app and browser", kind)
		}
	}
	if err := validateFrontendURLs(c.Headless.FrontendURLs); err != nil {
		return err
	}
	if err := session.Validate(c.Sessions); err != nil {
		return err
	}
	for _, field := range [][2]string{{"CookieDomain", c.Sessions.CookieDomain}, {"CSRFCookieDomain", c.Sessions.CSRFCookieDomain}} {
		if domain := strings.TrimPrefix(field[1], "."); domain != "" && !isWithin(base.Hostname(), domain) {
			return fmt.Errorf("Sessions.%s %q is neither the host of BaseURL nor a parent domain of it; use one like example.com for https://app.example.com", field[0], field[1])
		}
	}
	if err := c.validateCrossOrigin(base); err != nil {
		return err
	}
	if c.Tokens != nil {
		if err := tokens.Validate(*c.Tokens); err != nil {
			return err
		}
	}
	if err := validateAudit(c.Audit); err != nil {
		return err
	}
	if err := social.Validate(c.SocialAccount); err != nil {
		return err
	}
	if err := accounts.Validate(c.Account); err != nil {
		return err
	}
	if list := c.Account.Password.BreachList; !isNil(list) {
		if err := list.Validate(); err != nil {
			return fmt.Errorf("Account.Password.BreachList: %w", err)
		}
	}
	if c.Account.LoginAlerts && c.DisableEmailNotifications {
		return errors.New("Account.LoginAlerts needs mails about the account; unset it, or DisableEmailNotifications")
	}
	if err := c.validateMFA(); err != nil {
		return err
	}
	return c.validateCookieNames()
}

// cookies returns how cookies are set.
func (c Config) cookies() cookie.Policy {
	return cookie.Policy{
		Secure: strings.HasPrefix(c.BaseURL, "https:"), Domain: c.Sessions.CookieDomain,
		ReadableDomain: cmp.Or(c.Sessions.CSRFCookieDomain, c.Sessions.CookieDomain), CrossSite: c.Sessions.CrossSite,
	}
}

// validateCookieNames checks that the names of cookies are valid and differ.
func (c Config) validateCookieNames() error {
	names := [][2]string{
		{"Sessions.CookieName", c.Sessions.CookieName},
		{"Sessions.CSRFCookieName", c.Sessions.CSRFCookieName},
		{"Account.KnownDeviceCookieName", c.Account.KnownDeviceCookieName},
	}
	if c.MFA != nil {
		names = append(names, [2]string{"the cookie of passkey logins", factors.PasskeyCookieName}, [2]string{"MFA.TrustCookieName", c.MFA.TrustCookieName})
	}
	fields := map[string]string{}
	for _, name := range names {
		if (&http.Cookie{Name: name[1]}).Valid() != nil {
			return fmt.Errorf("%s %q is not the name of a cookie; use letters, digits, - and _", name[0], name[1])
		}
		if !c.cookies().Valid(name[1]) {
			return fmt.Errorf("%s %q is refused by browsers, as __Host- needs a BaseURL with https and no Sessions.CookieDomain, and __Secure- needs https; remove the prefix, __Host- is added automatically", name[0], name[1])
		}
		if other, taken := fields[name[1]]; taken {
			return fmt.Errorf("%s equals %s; give them different names", name[0], other)
		}
		fields[name[1]] = name[0]
	}
	return nil
}

// isWithin reports whether host is the domain or a subdomain of it.
func isWithin(host, domain string) bool {
	return strings.EqualFold(host, domain) || strings.HasSuffix(strings.ToLower(host), "."+strings.ToLower(domain))
}

func validateFrontendURLs(f headless.FrontendURLs) error {
	for _, p := range []struct {
		name, page string
		needsKey   bool
	}{
		{"ConfirmEmail", f.ConfirmEmail, true}, {"ResetPassword", f.ResetPassword, false},
		{"ResetPasswordFromKey", f.ResetPasswordFromKey, true}, {"LoginAlert", f.LoginAlert, true},
		{"Signup", f.Signup, false}, {"SocialLoginError", f.SocialLoginError, false},
	} {
		name, page := p.name, p.page
		u, err := url.Parse(strings.ReplaceAll(page, "{key}", "key"))
		if err != nil || u.Host == "" {
			return fmt.Errorf("Headless.FrontendURLs.%s %q is not a URL; use an absolute one, or a path", name, page)
		}
		if p.needsKey && !strings.Contains(page, "{key}") {
			return fmt.Errorf("Headless.FrontendURLs.%s %q does not contain {key}; add it where the key belongs", name, page)
		}
	}
	return nil
}
