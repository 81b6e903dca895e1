package social

import (
	"context"
	"hash/maphash"
	"net/url"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// Accounts is what the flows need of the accounts.
type Accounts interface {
	login.Identifier
	// IsOpenForSignup reports whether new accounts are welcome.
	IsOpenForSignup(ctx context.Context) bool
	// SignupByProvider creates an account and starts its first login.
	SignupByProvider(ctx context.Context, sess *login.Session, in login.ProviderSignup) error
	// VerifiedOwner returns the user who has verified the address, or
	// authn.ErrNotFound.
	VerifiedOwner(ctx context.Context, email string) (userID string, err error)
	// HasVerifiedEmail reports whether the user has verified an address.
	HasVerifiedEmail(ctx context.Context, userID string) (bool, error)
	// EmailVerificationMandatory reports whether the user needs one.
	EmailVerificationMandatory() bool
	// CleanEmail returns the canonical form of an address.
	CleanEmail(address string) (canonical string, ok bool)
	// RequireRecent asks for a recent authentication.
	RequireRecent(ctx context.Context, sess *login.Session) error
	// Notify mails the owner of an account that something about it changed.
	Notify(ctx context.Context, sess *login.Session, kind string, owner *login.Identity, data map[string]any) error
	// Logout ends the session.
	Logout(ctx context.Context, sess *login.Session)
}

// Options are what a Service works with, beside its configuration.
type Options struct {
	// Build makes a provider of the catalogue.
	Build func(provider.App) (provider.Provider, error)
	// BasePath is where the API is mounted, without a trailing slash.
	BasePath string
	// TrustedOrigins are the origins, beside those of BaseURL and the front-end
	// pages, to which a browser may be sent back.
	TrustedOrigins []string
}

// Service knows the providers, and the accounts that users have there. It is safe for
// concurrent use.
type Service struct {
	cfg       *socialaccount.Config
	store     socialaccount.Store
	decoys    socialaccount.Store // of sign-ups that only look like one
	deps      *work.Deps
	codes     *codes.Challenges
	providers registry
	returns   map[string]bool // origins
	callbacks callbackPaths
	renewals  *turns
}

// New returns a Service. The configuration has its defaults and is valid.
func New(cfg *socialaccount.Config, store, decoys socialaccount.Store, deps *work.Deps, challenges *codes.Challenges, o Options) (*Service, error) {
	providers, err := newRegistry(cfg, o.Build)
	if err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, store: store, decoys: decoys, deps: deps, codes: challenges, providers: providers,
		returns: map[string]bool{}, callbacks: newCallbackPaths(cfg, o.BasePath),
		renewals: &turns{seed: maphash.MakeSeed()},
	}
	pages := deps.FrontendURLs
	for _, page := range append([]string{
		deps.BaseURL, pages.ConfirmEmail, pages.ResetPassword, pages.ResetPasswordFromKey, pages.Signup, pages.SocialLoginError,
	}, o.TrustedOrigins...) {
		if u, err := url.Parse(strings.ReplaceAll(page, "{key}", "key")); err == nil {
			s.returns[origin(u)] = true
		}
	}
	return s, nil
}

// Flows are what requests do with accounts at providers. It is safe for concurrent
// use.
type Flows struct {
	*Service
	accounts Accounts
	pipeline *login.Pipeline
}

// NewFlows returns the flows over what a Service knows.
func NewFlows(s *Service, accounts Accounts, p *login.Pipeline) *Flows { return &Flows{s, accounts, p} }

// Config returns the configuration with its defaults.
func (s *Service) Config() *socialaccount.Config { return s.cfg }

// identify loads a user who may log in: authn.ErrNotFound for one who is gone
// or disabled.
func (s *Flows) identify(ctx context.Context, userID string) (*login.Identity, error) {
	id, err := s.accounts.Identify(ctx, userID)
	if err != nil {
		return nil, err
	}
	if id.User.Disabled {
		return nil, authn.ErrNotFound
	}
	return id, nil
}
