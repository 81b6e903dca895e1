package allauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/api"
	"github.com/allauth-go/allauth/internal/clean"
	"github.com/allauth-go/allauth/internal/clientip"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/outbox"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/social"
	"github.com/allauth-go/allauth/internal/tokens"
	"github.com/allauth-go/allauth/internal/traffic"
	"github.com/allauth-go/allauth/internal/trail"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/storage"
)

// Auth is the http.Handler of the API, and has the middleware for the host's own
// routes. It is safe for concurrent use.
type Auth struct {
	cfg      Config
	store    storage.Store
	handler  *api.Handler
	sessions *session.Manager
	tokens   *tokens.Service // nil if turned off
	account  *accounts.Flows
	social   *social.Flows  // nil: off
	mfa      *factors.Flows // nil: off
	pipeline *login.Pipeline
	work     *work.Deps
	trail    *trail.Trail // nil: off
	outbox   *outbox.Outbox
	webhooks *outbox.Outbox // nil: none
	cleaner  *clean.Cleaner
	client   func(r *http.Request) authn.Client
	host     string // of BaseURL, with its port
	traffic  *traffic.Notes
	health   *hook.Hook // bounds the questions to the store
}

// New returns an Auth for the configuration. The error names the field that is
// wrong, and the fix. From now on mails are delivered and expired rows deleted in the
// background: call Close when the server stops.
func New(cfg Config, store storage.Store) (*Auth, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("allauth: %w", err)
	}
	if isNil(store) {
		return nil, fmt.Errorf("allauth: store is nil; use memstore.New() or sqlstore.New(db, dialect)")
	}
	if err := cfg.guardHooks(); err != nil {
		return nil, fmt.Errorf("allauth: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	base, err := url.Parse(cfg.BaseURL)
	if err != nil { // validate has checked it
		return nil, fmt.Errorf("allauth: BaseURL: %w", err)
	}
	if base.Scheme == "http" && !isLoopback(base.Hostname()) {
		cfg.Logger.Warn("BaseURL is not https: an attacker who can read the network traffic can take over sessions", "base_url", cfg.BaseURL)
	}
	a := &Auth{cfg: cfg, store: store, host: base.Host, traffic: &traffic.Notes{}, health: cfg.newHealth()}
	a.client = a.noteClient
	if err := a.build(); err != nil {
		return nil, fmt.Errorf("allauth: %w", err)
	}
	a.outbox.Start()
	if a.webhooks != nil {
		a.webhooks.Start()
	}
	if cfg.CleanInterval > 0 {
		a.cleaner.Start()
	}
	return a, nil
}

// isNil reports whether v is nil or a nil pointer.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return !value.IsValid() || value.Kind() == reflect.Pointer && value.IsNil()
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.IsLoopback()
}

// now returns the time as it is stored: in UTC, to the microsecond.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func (a *Auth) build() error {
	deps, err := a.deps()
	if err != nil {
		return err
	}
	a.work = deps
	challenges := &codes.Challenges{Store: a.store, Deps: deps}
	known, err := accounts.New(a.cfg.Account, a.store, a.store.Base(), a.store, deps, challenges)
	if err != nil {
		return err
	}
	a.sessions = session.New(a.cfg.Sessions, session.Deps{
		Store: a.store, Tx: deps.Tx, Profiles: a.store.ProfileOrigin() == any(a.store), Identifier: known,
		LoginTimeout: a.cfg.LoginTimeout, Now: a.cfg.Now, Rand: a.cfg.Rand, Logger: a.cfg.Logger,
		HostCookies: a.cfg.cookies().Prefixes(a.cfg.Sessions.CookieName),
	})
	if err := a.buildTokens(deps, known); err != nil {
		return err
	}
	parts := login.Config{
		Work: deps, Accounts: known, Factors: login.NoFactors{}, Sessions: a.sessions,
		BeforeLogin: a.cfg.BeforeLogin, AsksClaims: a.cfg.Tokens != nil && a.cfg.Tokens.Claims != nil,
	}
	var providers *social.Service
	if a.cfg.SocialAccount != nil {
		if providers, err = a.newSocial(deps, challenges); err != nil {
			return err
		}
		parts.Social = providers
	}
	var authenticators *factors.Service
	if a.cfg.MFA != nil {
		if authenticators, err = a.newFactors(deps, challenges, known); err != nil {
			return err
		}
		parts.Factors, parts.RequiredFor = authenticators, a.cfg.MFA.RequiredFor
	}
	a.pipeline = login.New(parts)
	a.account = accounts.NewFlows(known, a.pipeline, parts.Factors, a.sessions)
	if providers != nil {
		a.social = social.NewFlows(providers, a.account, a.pipeline)
	}
	if authenticators != nil {
		a.mfa = factors.NewFlows(authenticators, a.pipeline)
	}
	protection, err := a.protection()
	if err != nil {
		return err
	}
	a.cleaner = clean.New(clean.Config{
		Steps: a.cleanSteps(), Limits: a.store, Period: a.cfg.CleanInterval, Now: a.cfg.Now, Rand: a.cfg.Rand, Logger: a.cfg.Logger,
	})
	a.handler = api.New(api.Settings{
		BaseURL: a.cfg.BaseURL, BasePath: a.cfg.Headless.BasePath, Clients: a.kinds(), ServeSpecification: a.cfg.Headless.ServeSpecification,
		CORSOrigins: a.cfg.Headless.CORSOrigins, Cookies: a.cfg.cookies(), UserPayload: a.cfg.Headless.UserPayload, Users: a.cfg.Users,
		Protection: protection, Client: a.client,
	}, api.Deps{
		Sessions: a.sessions, Pipeline: a.pipeline, Account: a.account, Tokens: a.tokens, Social: a.social, MFA: a.mfa, Trail: a.trail,
		Exporter: exporter{a},
		Work:     deps,
	})
	return nil
}

// buildTokens creates the service that issues access tokens, if they are turned on.
func (a *Auth) buildTokens(deps *work.Deps, users login.Identifier) (err error) {
	if a.cfg.Tokens == nil {
		return nil
	}
	realm := a.cfg.Headless.BasePath
	if realm == "/_allauth" {
		realm = "" // as in tokens of versions without realms
	}
	a.tokens, err = tokens.New(*a.cfg.Tokens, tokens.Deps{
		Store: a.store, Sessions: a.sessions, Identifier: users, Keys: deps.Keys,
		Issuer: a.cfg.BaseURL, Realm: realm, Now: a.cfg.Now, Rand: a.cfg.Rand,
	})
	return err
}

// deps returns the dependencies of all flows.
func (a *Auth) deps() (*work.Deps, error) {
	keys, err := keyring.New(a.cfg.Secrets, a.cfg.Rand)
	if err != nil {
		return nil, err
	}
	locales, templates, err := newTexts(&a.cfg)
	if err != nil {
		return nil, fmt.Errorf("Templates: %w", err)
	}
	limits, err := a.limits()
	if err != nil {
		return nil, err
	}
	box := outbox.Config{Store: a.store, Decoys: a.store.Base(), Mailer: a.cfg.Mailer, Sealer: keys, Now: a.cfg.Now, Rand: a.cfg.Rand, Logger: a.cfg.Logger}
	if observer := a.cfg.Observer; observer != nil {
		box.Observe = func(ctx context.Context, kind string) (context.Context, func(outcome string)) {
			return observer.Begin(ctx, authn.Operation{Kind: authn.OperationMessage, Name: kind})
		}
		limits.OnRefusal(func(ctx context.Context, action string) {
			_, end := observer.Begin(ctx, authn.Operation{Kind: authn.OperationLimit, Name: action})
			end("")
		})
	}
	if a.cfg.Account.Phone != nil {
		box.Texter = a.cfg.Account.Phone.Texter
	}
	a.buildOutboxes(box)
	deps := &work.Deps{
		Users:  a.store,
		Tx:     work.Transactor{Transactor: a.store},
		Limits: limits,
		Keys:   keys,
		Post: &work.Post{
			Outbox: a.outbox, Decoys: a.outbox.Decoys(), Templates: templates, Locales: locales, SiteName: a.cfg.SiteName,
			Now: a.cfg.Now, Rand: a.cfg.Rand,
		},
		Now:          a.cfg.Now,
		Rand:         a.cfg.Rand,
		Logger:       a.cfg.Logger,
		Observer:     a.cfg.Observer,
		OnEvent:      a.cfg.OnEvent,
		LoginTimeout: a.cfg.LoginTimeout, ReauthenticationTimeout: a.cfg.ReauthenticationTimeout, DisableEmailNotifications: a.cfg.DisableEmailNotifications,
		ProvidersOnly: a.cfg.SocialAccount != nil && a.cfg.SocialAccount.Only,
		BaseURL:       a.cfg.BaseURL,
		FrontendURLs:  a.cfg.Headless.FrontendURLs,
	}
	if a.trail != nil {
		deps.Trail = a.trail
	}
	return deps, nil
}

// webhookWorkers is how many events are sent at the same time.
const webhookWorkers = 8

// buildOutboxes creates what delivers mails, and what keeps events and delivers them. A
// receiver that does not answer delays no mail, because events have workers of their own.
func (a *Auth) buildOutboxes(box outbox.Config) {
	hooks := box
	if a.cfg.Audit != nil && len(a.cfg.Audit.Webhooks) > 0 {
		box.Except = []string{notify.ChannelWebhook}
	}
	a.outbox = outbox.New(box)
	if a.cfg.Audit == nil {
		return
	}
	keeps := trail.Config{
		Config: *a.cfg.Audit, Store: a.store, Decoys: a.store.Base(), Now: a.cfg.Now,
		Receivers: trail.NewReceivers(a.cfg.Audit.Webhooks, a.cfg.Now),
	}
	if len(box.Except) > 0 {
		hooks.Poster, hooks.Workers = keeps.Receivers, webhookWorkers
		hooks.Except = []string{notify.ChannelMail, notify.ChannelText, notify.ChannelDecoy}
		a.webhooks = outbox.New(hooks)
		keeps.Queue, keeps.QueueOfDecoys = a.webhooks, a.outbox.Decoys()
	}
	a.trail = trail.New(keeps)
}

func (a *Auth) limits() (*ratelimit.Limiter, error) {
	limits, err := ratelimit.Defaults(a.cfg.Account.EmailVerificationByCode != nil).Override(a.cfg.RateLimits)
	if err != nil {
		return nil, err
	}
	if a.cfg.DisableRateLimits {
		limits = nil
	}
	return ratelimit.NewLimiter(a.store, limits, a.cfg.Now, a.cfg.Rand, a.cfg.Logger), nil
}

func (a *Auth) protection() (*http.CrossOriginProtection, error) {
	protection := http.NewCrossOriginProtection()
	base, err := url.Parse(a.cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	trusted := slices.Concat([]string{base.Scheme + "://" + base.Host}, a.cfg.TrustedOrigins, a.cfg.Headless.CORSOrigins)
	for _, origin := range trusted {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("TrustedOrigins holds %q; use origins like https://www.example.com: %w", origin, err)
		}
	}
	return protection, nil
}

func (a *Auth) kinds() []login.Kind {
	var kinds []login.Kind
	for _, kind := range a.cfg.Headless.Clients {
		kinds = append(kinds, login.Kind(kind))
	}
	return kinds
}

// noteClient describes the client of a request, for which it notes what Diagnose tells.
func (a *Auth) noteClient(r *http.Request) authn.Client {
	a.traffic.Add(r, a.cfg.resolver().Trusts(r), a.host)
	return a.cfg.clientOf(r)
}

// maxUserAgent is the maximum length of a stored user agent, in bytes.
const maxUserAgent = 200

// clientOf describes the client of a request.
func (c Config) clientOf(r *http.Request) authn.Client {
	agent := r.UserAgent()
	if len(agent) > maxUserAgent {
		agent = agent[:maxUserAgent]
	}
	for !utf8.ValidString(agent) {
		agent = strings.ToValidUTF8(agent, "")
	}
	return authn.Client{IP: c.addressOf(r), UserAgent: agent}
}

func (c Config) addressOf(r *http.Request) netip.Addr {
	if c.ClientIP != nil {
		if addr := c.ClientIP(r); addr.IsValid() {
			return addr.Unmap().WithZone("")
		}
	}
	return c.resolver().Addr(r)
}

func (c *Config) resolver() clientip.Resolver {
	return clientip.Resolver{TrustedProxies: c.TrustedProxies, TrustUnixSockets: c.TrustUnixSockets}
}

// ServeHTTP serves the API.
func (a *Auth) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// OpenAPI returns the OpenAPI 3.1 document of the API, in JSON, for hosts that
// merge it into their own. It describes the features and kinds of clients that
// are turned on. Headless.ServeSpecification serves it.
func (a *Auth) OpenAPI() []byte { return a.handler.OpenAPI() }

// Close stops the delivery of mails and events and the deletion of expired rows. It
// finishes those that are being sent, and sends those that are due until ctx ends. The
// next server that starts with the same store delivers the others.
func (a *Auth) Close(ctx context.Context) error {
	err := errors.Join(a.cleaner.Close(ctx), a.outbox.Close(ctx), a.account.Close(ctx))
	if a.webhooks != nil {
		err = errors.Join(err, a.webhooks.Close(ctx))
	}
	return err
}
