package factors

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// Accounts is what second factors need of the accounts.
type Accounts interface {
	login.Identifier
	// HasUnverifiedEmail reports whether the account holds an address that
	// nobody has verified.
	HasUnverifiedEmail(ctx context.Context, userID string) (bool, error)
	// Notify mails the owner of an account that something about it changed.
	Notify(ctx context.Context, sess *login.Session, kind string, owner *login.Identity, data map[string]any) error
	// Logout ends the session.
	Logout(ctx context.Context, sess *login.Session)
}

// Options are what a Service works with, beside its configuration.
type Options struct {
	Accounts Accounts
	// SiteName is how the site is called where Config.Issuer is empty.
	SiteName string
	// TrustedOrigins are the origins, beside that of BaseURL, of the front end.
	TrustedOrigins []string
	// TrustsCodes is true where trusted browsers need no mailed code either.
	TrustsCodes bool
}

// Service knows the second factors of users, and what a login has to wait for. It is
// safe for concurrent use.
type Service struct {
	cfg      *mfa.Config
	store    mfa.Store
	deps     *work.Deps
	codes    *codes.Challenges
	options  Options
	accounts Accounts
	keys     *webauthn.RelyingParty // nil where webauthn is not supported
}

// New returns a Service. The configuration has its defaults and is valid.
func New(cfg *mfa.Config, store mfa.Store, deps *work.Deps, challenges *codes.Challenges, o Options) (*Service, error) {
	s := &Service{cfg: cfg, store: onceRead{store}, deps: deps, codes: challenges, options: o, accounts: o.Accounts}
	if !Supports(cfg, mfa.WebAuthn) {
		return s, nil
	}
	base, err := url.Parse(deps.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("BaseURL: %w", err)
	}
	rp := webauthn.Config{
		RPID: cfg.WebAuthnRPID, RPName: o.SiteName, Origins: cfg.WebAuthnOrigins,
		AllowInsecureOrigin: cfg.WebAuthnAllowInsecureOrigin,
	}
	if rp.RPID == "" {
		rp.RPID = base.Hostname()
	}
	if rp.Origins == nil {
		rp.Origins = []string{base.Scheme + "://" + base.Host}
		for _, origin := range o.TrustedOrigins {
			if rp.CheckOrigin(origin) == nil { // the others have no use for keys
				rp.Origins = append(rp.Origins, origin)
			}
		}
	}
	if s.keys, err = webauthn.New(rp); err != nil {
		return nil, fmt.Errorf("MFA.SupportedTypes holds webauthn, but %w; check BaseURL, MFA.WebAuthnRPID and MFA.WebAuthnOrigins", err)
	}
	return s, nil
}

// Flows are what requests do with second factors. It is safe for concurrent use.
type Flows struct {
	*Service
	pipeline *login.Pipeline
}

// NewFlows returns the flows over what a Service knows.
func NewFlows(s *Service, p *login.Pipeline) *Flows { return &Flows{s, p} }

// Config returns the configuration with its defaults.
func (s *Service) Config() *mfa.Config { return s.cfg }

// TrustAsked reports whether people are ever asked to trust their browser.
func (s *Service) TrustAsked() bool { return s.cfg.TrustEnabled || s.options.TrustsCodes }

// requireRecent returns work.ErrReauthenticate unless the last
// authentication is recent.
func (s *Flows) requireRecent(ctx context.Context, sess *login.Session) error {
	return s.pipeline.RequireRecent(ctx, sess)
}

// blocked reports whether an unverified address keeps the user from adding
// authenticators.
func (s *Service) blocked(ctx context.Context, userID string) (bool, error) {
	if s.cfg.AllowUnverifiedEmail {
		return false, nil
	}
	return s.accounts.HasUnverifiedEmail(ctx, userID)
}

// BlocksEmail reports whether the user may not add an address that is not
// proved, because of their authenticators.
func (s *Service) BlocksEmail(ctx context.Context, userID string) (bool, error) {
	if s.cfg.AllowUnverifiedEmail {
		return false, nil
	}
	rows, err := s.rows(ctx, userID)
	return len(rows) > 0, err
}

// HasAuthenticators reports whether the user has a second factor.
func (s *Service) HasAuthenticators(ctx context.Context, userID string) (bool, error) {
	rows, err := s.rows(ctx, userID)
	return slices.ContainsFunc(rows, isMain), err
}
