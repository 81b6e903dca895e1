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

// Accounts is what package social needs of the accounts.
type Accounts interface {
	login.Identifier
	// IsOpenForSignup reports whether users can sign up.
	IsOpenForSignup(ctx context.Context) bool
	// SignupByProvider creates an account and starts its first login.
	SignupByProvider(ctx context.Context, sess *login.Session, in login.ProviderSignup) error
	// VerifiedOwner returns the id of the user who has verified the address, empty if
	// there is none.
	VerifiedOwner(ctx context.Context, email string) (userID string, err error)
	// HasVerifiedEmail reports whether the user has a verified address.
	HasVerifiedEmail(ctx context.Context, userID string) (bool, error)
	// EmailVerificationMandatory reports whether users need a verified address to log
	// in.
	EmailVerificationMandatory() bool
	// CleanEmail returns the canonical form of an address.
	CleanEmail(address string) (canonical string, ok bool)
	// RequireRecent returns work.ErrReauthenticate unless the user has authenticated
	// recently.
	RequireRecent(ctx context.Context, sess *login.Session) error
	// Notify mails the owner that their account changed.
	Notify(ctx context.Context, sess *login.Session, kind string, owner *login.Identity, data map[string]any) error
	// Logout ends the session.
	Logout(ctx context.Context, sess *login.Session)
}

// Options are the arguments of New beside the configuration of package socialaccount.
type Options struct {
	// Build returns the provider of a registration.
	Build func(provider.App) (provider.Provider, error)
	// Development accepts providers for development.
	Development bool
	// BasePath is the path of the API, without a trailing slash.
	BasePath string
	// TrustedOrigins are the origins to which browsers may be redirected, beside those
	// of BaseURL and the pages of the front end.
	TrustedOrigins []string
}

// Service reads the configured providers and the accounts that users have connected. It
// is safe for concurrent use.
type Service struct {
	cfg       *socialaccount.Config
	store     socialaccount.Store
	decoys    socialaccount.Store // for the rows of decoy sign-ups
	deps      *work.Deps
	codes     *codes.Challenges
	providers registry
	// returnOrigins are the origins to which browsers may be redirected.
	returnOrigins map[string]bool
	callbacks     callbackPaths
	refreshLocks  *accountLocks
}

// New returns a Service. cfg must be valid and have its defaults.
func New(cfg *socialaccount.Config, store, decoys socialaccount.Store, deps *work.Deps, challenges *codes.Challenges, o Options) (*Service, error) {
	providers, err := newRegistry(cfg, o)
	if err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, store: store, decoys: decoys, deps: deps, codes: challenges, providers: providers,
		returnOrigins: map[string]bool{}, callbacks: newCallbackPaths(cfg, o.BasePath),
		refreshLocks: &accountLocks{seed: maphash.MakeSeed()},
	}
	pages := deps.FrontendURLs
	for _, page := range append([]string{
		deps.BaseURL, pages.ConfirmEmail, pages.ResetPassword, pages.ResetPasswordFromKey, pages.LoginAlert, pages.Signup, pages.SocialLoginError,
	}, o.TrustedOrigins...) {
		if u, err := url.Parse(strings.ReplaceAll(page, "{key}", "key")); err == nil {
			s.returnOrigins[origin(u)] = true
		}
	}
	return s, nil
}

// Flows implements the requests of users that concern providers. It is safe for
// concurrent use.
type Flows struct {
	*Service
	accounts Accounts
	pipeline *login.Pipeline
}

// NewFlows returns the flows of a Service.
func NewFlows(s *Service, accounts Accounts, p *login.Pipeline) *Flows { return &Flows{s, accounts, p} }

// Config returns the configuration with its defaults.
func (s *Service) Config() *socialaccount.Config { return s.cfg }

// identify loads a user. Returns authn.ErrNotFound if the user was deleted or is
// disabled.
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
