package factors

import (
	"cmp"
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

// Accounts is what package factors needs of the accounts.
type Accounts interface {
	login.Identifier
	// HasUnverifiedEmail reports whether the user has an unverified email address.
	HasUnverifiedEmail(ctx context.Context, userID string) (bool, error)
	// Notify mails the owner that their account changed.
	Notify(ctx context.Context, sess *login.Session, kind string, owner *login.Identity, data map[string]any) error
	// Logout ends the session.
	Logout(ctx context.Context, sess *login.Session)
}

// Options are the arguments of New beside the configuration of package mfa.
type Options struct {
	Accounts Accounts
	// SiteName is the name of the site, used if Config.Issuer is empty.
	SiteName string
	// TrustedOrigins are the origins of the front end, beside that of BaseURL.
	TrustedOrigins []string
	// TrustsCodes lets trusted browsers skip required login codes, too.
	TrustsCodes bool
}

// Service reads the second factors of users and decides which stages of a login wait
// for one. It is safe for concurrent use.
type Service struct {
	cfg      *mfa.Config
	store    mfa.Store
	deps     *work.Deps
	codes    *codes.Challenges
	options  Options
	accounts Accounts
	keys     *webauthn.RelyingParty // nil unless the configuration supports webauthn
}

// New returns a Service. cfg must be valid and have its defaults.
func New(cfg *mfa.Config, store mfa.Store, deps *work.Deps, challenges *codes.Challenges, o Options) (*Service, error) {
	s := &Service{cfg: cfg, store: cachedStore{store}, deps: deps, codes: challenges, options: o, accounts: o.Accounts}
	if !Supports(cfg, mfa.WebAuthn) {
		return s, nil
	}
	base, err := url.Parse(deps.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("BaseURL: %w", err)
	}
	rp := webauthn.Config{
		RPID: cmp.Or(cfg.WebAuthnRPID, base.Hostname()), RPName: o.SiteName,
		AllowInsecureOrigin: cfg.WebAuthnAllowInsecureOrigin, Hints: cfg.WebAuthnHints, DeviceBound: cfg.DeviceBoundKeys,
	}
	for _, origin := range cfg.WebAuthnOrigins {
		if rp.IsRelated(origin) {
			rp.RelatedOrigins = append(rp.RelatedOrigins, origin)
		} else {
			rp.Origins = append(rp.Origins, origin)
		}
	}
	if cfg.WebAuthnOrigins == nil {
		rp.Origins = []string{base.Scheme + "://" + base.Host}
		for _, origin := range o.TrustedOrigins {
			if rp.CheckOrigin(origin) == nil { // keys cannot be used on the others
				rp.Origins = append(rp.Origins, origin)
			}
		}
	}
	if s.keys, err = webauthn.New(rp); err != nil {
		return nil, fmt.Errorf("MFA.SupportedTypes holds webauthn, but %w; check BaseURL, MFA.WebAuthnRPID and MFA.WebAuthnOrigins", err)
	}
	return s, nil
}

// Flows implements the requests of users that concern second factors. It is safe for
// concurrent use.
type Flows struct {
	*Service
	pipeline *login.Pipeline
}

// NewFlows returns the flows of a Service.
func NewFlows(s *Service, p *login.Pipeline) *Flows { return &Flows{s, p} }

// Config returns the configuration with its defaults.
func (s *Service) Config() *mfa.Config { return s.cfg }

// OffersTrust reports whether the configuration lets users trust their browser.
func (s *Service) OffersTrust() bool { return s.cfg.TrustEnabled || s.options.TrustsCodes }

// RelatedOrigins returns the origins of other sites whose pages may use keys.
func (s *Service) RelatedOrigins() []string {
	if s.keys == nil {
		return nil
	}
	return s.keys.RelatedOrigins()
}

// changeRecent calls f in a transaction that changes the account of the logged-in user.
// Returns work.ErrReauthenticate unless the user has authenticated recently.
func (s *Flows) changeRecent(ctx context.Context, sess *login.Session, f func(ctx context.Context) error) error {
	if err := s.pipeline.RequireRecent(ctx, sess); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), f)
}

// mustVerifyEmail reports whether the logged-in user has to verify an email address before
// they can add authenticators. A user who enrolls during a login has shown before that they
// can read a contact of the account.
func (s *Service) mustVerifyEmail(ctx context.Context, sess *login.Session) (bool, error) {
	if !sess.Authenticated() {
		return false, nil
	}
	return s.hasBlockingEmail(ctx, sess.UserID())
}

// hasBlockingEmail reports whether the user has an unverified email address, and may not
// have authenticators beside it.
func (s *Service) hasBlockingEmail(ctx context.Context, userID string) (bool, error) {
	if s.cfg.AllowUnverifiedEmail {
		return false, nil
	}
	return s.accounts.HasUnverifiedEmail(ctx, userID)
}

// BlocksEmail implements login.Factors. It reports whether the user's authenticators
// forbid an unverified email address.
func (s *Service) BlocksEmail(ctx context.Context, userID string) (bool, error) {
	if s.cfg.AllowUnverifiedEmail {
		return false, nil
	}
	rows, err := s.activeRows(ctx, userID)
	return len(rows) > 0, err
}

// HasAuthenticators reports whether the user has a second factor.
func (s *Service) HasAuthenticators(ctx context.Context, userID string) (bool, error) {
	rows, err := s.activeRows(ctx, userID)
	return slices.ContainsFunc(rows, isSecondFactor), err
}
