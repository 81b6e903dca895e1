package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/users"
)

// Sessions is what package accounts needs of the sessions.
type Sessions interface {
	// EndAll ends all the user's sessions but the one with the id except.
	EndAll(ctx context.Context, userID, except string) error
	// Rekey replaces the fingerprint of the user's sessions.
	Rekey(ctx context.Context, userID, oldAuthHash, newAuthHash string) error
}

// Service reads users and their contacts, and decides which stages of a login wait. It
// is safe for concurrent use.
type Service struct {
	cfg      account.Config
	store    account.Store
	profiles bool // whether the store reads a whole profile in one statement
	rows     Rows // the rows of users
	decoys   Rows // the rows of decoys
	deps     *work.Deps
	codes    *codes.Challenges
	hasher   hasher
	refusals *refusals
	// directory changes users. It is nil if the host does so itself.
	directory users.Directory
	deletions users.DeletionStore
}

// Flows implements the requests of users that concern their accounts. It is safe for
// concurrent use.
type Flows struct {
	*Service
	pipeline *login.Pipeline
	factors  login.Factors
	sessions Sessions
}

// NewFlows returns the flows of a Service.
func NewFlows(s *Service, p *login.Pipeline, f login.Factors, sessions Sessions) *Flows {
	return &Flows{Service: s, pipeline: p, factors: f, sessions: sessions}
}

// Administration is what the administration of users needs of the store.
type Administration interface {
	users.DeletionStore
	// Directory is nil if the host changes users itself.
	Directory() users.Directory
}

// New returns a Service. cfg must be valid and have its defaults.
func New(cfg account.Config, store account.Store, decoys Rows, admin Administration, deps *work.Deps, challenges *codes.Challenges) (*Service, error) {
	if cfg.PasswordHash.Rand == nil {
		cfg.PasswordHash.Rand = deps.Rand
	}
	hashes, err := password.NewHasher(cfg.PasswordHash)
	if err != nil {
		return nil, fmt.Errorf("Account.PasswordHash: %w", err)
	}
	s := &Service{
		cfg: cfg, store: store, profiles: store.ProfileOrigin() == any(store), decoys: decoys, deps: deps, codes: challenges,
		hasher: hasher{hashes, deps.Observer}, refusals: newRefusals(store, hashes, deps.Now, deps.Logger),
		directory: admin.Directory(), deletions: admin,
	}
	if s.profiles {
		s.store = cachedStore{store, ""}
		s.decoys = cachedDecoys{decoys, cachedStore{decoys, s.decoyUserID("")}}
	}
	s.rows = struct {
		authn.UserStore
		account.Store
	}{deps.Users, s.store}
	return s, nil
}

// Config returns the configuration with its defaults.
func (s *Service) Config() account.Config { return s.cfg }

// ProvidersOnly reports whether users can log in only through providers.
func (s *Service) ProvidersOnly() bool { return s.deps.ProvidersOnly }

// Identify implements login.Identifier.
func (s *Service) Identify(ctx context.Context, userID string) (*login.Identity, error) {
	if userID == "" {
		return nil, s.identifyDecoy(ctx)
	}
	profile, err := s.profile(ctx, userID)
	if err != nil {
		return nil, err
	}
	if profile.User == nil {
		return nil, fmt.Errorf("load user: %w", authn.ErrNotFound)
	}
	return s.IdentityOf(profile), nil
}

// IdentityOf implements login.Identifier.
func (s *Service) IdentityOf(p *authn.Profile) *login.Identity {
	user := p.User
	if user != nil && awaitsInvitation(p.PasswordHash) {
		waits := *user
		waits.Disabled = true // until the invitation is accepted
		user = &waits
	}
	return &login.Identity{
		User:              user,
		Email:             p.Email,
		HasUsablePassword: password.Usable(p.PasswordHash),
		AuthHash:          authHash(p.PasswordHash),
		Sessions:          p.Sessions,
	}
}

// profile reads a user, in one statement if the store can, or else in several.
func (s *Service) profile(ctx context.Context, userID string) (*authn.Profile, error) {
	if s.profiles {
		profile, _, _, err := s.store.Profile(ctx, userID)
		return profile, err
	}
	user, err := s.deps.Users.UserByID(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("load user: %w", err)
	}
	hash, err := s.passwordHash(ctx, userID)
	if err != nil {
		return nil, err
	}
	emails, err := s.emailsOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	return &authn.Profile{User: user, PasswordHash: hash, Email: shownEmail(emails), Sessions: -1}, nil
}

// activeUser returns a user. Returns authn.ErrNotFound if the user is disabled, or not in
// the host's user table any more.
func (s *Service) activeUser(ctx context.Context, userID string) (*authn.User, error) {
	id, err := s.Identify(ctx, userID)
	if err != nil {
		return nil, err
	}
	user := id.User
	if user.Disabled {
		return nil, authn.ErrNotFound
	}
	return user, nil
}

// passwordHash returns the stored hash, empty if there is none.
func (s *Service) passwordHash(ctx context.Context, userID string) (string, error) {
	hash, err := s.rowsOf(userID).PasswordHash(ctx, userID)
	if errors.Is(err, authn.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("load password: %w", err)
	}
	return hash, nil
}

// authHash returns the fingerprint of a password hash, which sessions carry, so that they
// end when the hash changes.
func authHash(hash string) string {
	if hash == "" || hash == password.Unusable {
		return ""
	}
	sum := sha256.Sum256([]byte(hash))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// primary returns the primary address, or else the first verified one, or else the first
// one.
func primary(emails []account.EmailAddress) account.EmailAddress {
	var best account.EmailAddress
	for _, e := range emails {
		if e.Primary {
			return e
		}
		if best.Email == "" || e.Verified && !best.Verified {
			best = e
		}
	}
	return best
}

// shownEmail returns the address that users and hosts see: the primary one, or else a
// verified one, or none.
func shownEmail(emails []account.EmailAddress) string {
	if address := primary(emails); address.Primary || address.Verified {
		return address.Email
	}
	return ""
}

// refresh reads the session's user again, after a change.
func (s *Service) refresh(ctx context.Context, sess *login.Session) error {
	id, err := s.Identify(ctx, sess.UserID())
	if err != nil {
		return err
	}
	sess.Identity = id
	return nil
}

// IsOpenForSignup reports whether users can sign up.
func (s *Service) IsOpenForSignup(ctx context.Context) bool {
	if s.cfg.SignupClosed {
		return false
	}
	return s.cfg.IsOpenForSignup == nil || s.cfg.IsOpenForSignup(ctx)
}
