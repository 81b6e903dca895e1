package social

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

const purposeToken = "socialaccount_token"

// refreshEarly is how long before its end a token is renewed.
const refreshEarly = time.Minute

// renewTimeout bounds a renewal, which goes on if its caller goes away: the
// provider may have taken the old refresh token already.
const renewTimeout = 30 * time.Second

// ErrTokenExpired means that a stored token has ended and cannot be renewed:
// the user has to log in with the provider again.
var ErrTokenExpired = errors.New("socialaccount: the provider's token has expired")

// storedToken is a token as it is kept, encrypted.
type storedToken struct {
	AccessToken  string    `json:"access_token"`
	TokenType    string    `json:"token_type,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	Expiry       time.Time `json:"expiry,omitzero"`
}

// sealToken encrypts a token for one account. It returns nil where tokens are
// not kept or there is none.
func (s *Service) sealToken(providerID, uid string, t *oauth2.Token) ([]byte, error) {
	if !s.cfg.StoreTokens || t == nil || t.AccessToken == "" {
		return nil, nil
	}
	text, err := json.Marshal(storedToken{t.AccessToken, t.TokenType, t.RefreshToken, t.Expiry}) //nolint:gosec // it is encrypted right below
	if err != nil {
		return nil, fmt.Errorf("encode token: %w", err)
	}
	return s.deps.Keys.Seal(purposeToken, text, []byte(providerID+"\x00"+uid))
}

func (s *Service) openToken(a *socialaccount.Account) (*oauth2.Token, error) {
	text, err := s.deps.Keys.Open(purposeToken, a.Token, []byte(a.Provider+"\x00"+a.UID))
	if err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	var t storedToken
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	return &oauth2.Token{AccessToken: t.AccessToken, TokenType: t.TokenType, RefreshToken: t.RefreshToken, Expiry: t.Expiry}, nil
}

// keepToken stores the token of a login in place of the one before. Where the
// provider sent no refresh token this time the old one stays.
func (s *Service) keepToken(ctx context.Context, c *candidate) error {
	if !s.cfg.StoreTokens || c.Token == nil || c.Token.AccessToken == "" {
		return nil
	}
	a, err := s.store.SocialAccount(ctx, c.Provider, c.UID)
	if err != nil {
		return fmt.Errorf("load account at provider: %w", err)
	}
	kept := *c.Token
	if kept.RefreshToken == "" && a.Token != nil {
		if old, err := s.openToken(a); err == nil {
			kept.RefreshToken = old.RefreshToken
		}
	}
	sealed, err := s.sealToken(c.Provider, c.UID, &kept)
	if err != nil {
		return err
	}
	err = s.store.SwapSocialToken(ctx, c.Provider, c.UID, a.Token, sealed)
	if errors.Is(err, authn.ErrConflict) {
		return nil // renewed at the same moment: that token is as good
	}
	return err
}

// TokenSource returns the provider's token of a user, which renews itself when
// it is about to end. Where the user has several accounts there, it is that of
// the one used last. authn.ErrNotFound if no token is kept. Token fails with
// ErrTokenExpired where the user has to log in again.
func (s *Service) TokenSource(ctx context.Context, userID, providerID string) (oauth2.TokenSource, error) {
	a, err := s.tokenAccount(ctx, userID, providerID)
	if err != nil {
		return nil, err
	}
	return &tokenSource{s, ctx, a.Provider, a.UID, userID}, nil
}

func (s *Service) tokenAccount(ctx context.Context, userID, providerID string) (*socialaccount.Account, error) {
	accounts, err := s.store.SocialAccountsByUser(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("load accounts at providers: %w", err)
	}
	var best *socialaccount.Account
	for i, a := range accounts {
		if a.Provider == providerID && a.Token != nil && (best == nil || a.LastLogin.After(best.LastLogin)) {
			best = &accounts[i]
		}
	}
	if best == nil {
		return nil, fmt.Errorf("token of provider %q: %w", providerID, authn.ErrNotFound)
	}
	return best, nil
}

// tokenSource implements oauth2.TokenSource. What it knows lies in the store, so
// it is safe for concurrent use, also by several servers.
type tokenSource struct {
	*Service
	ctx                 context.Context
	provider, uid, user string
}

// Token implements oauth2.TokenSource.
func (t *tokenSource) Token() (*oauth2.Token, error) {
	_, token, err := t.load()
	if err != nil || t.lasts(token) {
		return token, err
	}
	// One renewal at a time: many providers take a refresh token once only.
	turn := t.renewals.of(t.provider, t.uid)
	turn.Lock()
	defer turn.Unlock()
	a, token, err := t.load()
	if err != nil || t.lasts(token) {
		return token, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), renewTimeout)
	defer cancel()
	fresh, err := t.refresh(ctx, token)
	if err != nil {
		// Another server may have been faster.
		b, other, again := t.load()
		if again == nil && !bytes.Equal(a.Token, b.Token) {
			return other, nil
		}
		return nil, err
	}
	sealed, err := t.sealToken(t.provider, t.uid, fresh)
	if err != nil {
		return nil, err
	}
	err = t.store.SwapSocialToken(ctx, t.provider, t.uid, a.Token, sealed)
	if err != nil && !errors.Is(err, authn.ErrConflict) {
		return nil, fmt.Errorf("store renewed token: %w", err)
	}
	return fresh, nil
}

// lasts reports whether a token need not be renewed yet.
func (t *tokenSource) lasts(token *oauth2.Token) bool {
	return token.Expiry.IsZero() || t.deps.Now().Before(token.Expiry.Add(-refreshEarly))
}

// turns are locks for any number of accounts, some of which share one.
type turns struct {
	seed  maphash.Seed
	locks [64]sync.Mutex
}

func (t *turns) of(providerID, uid string) *sync.Mutex {
	return &t.locks[maphash.String(t.seed, providerID+"\x00"+uid)%uint64(len(t.locks))]
}

func (t *tokenSource) load() (*socialaccount.Account, *oauth2.Token, error) {
	a, err := t.store.SocialAccount(t.ctx, t.provider, t.uid)
	if err != nil {
		return nil, nil, fmt.Errorf("load account at provider: %w", err)
	}
	if a.UserID != t.user || a.Token == nil {
		return nil, nil, fmt.Errorf("token of provider %q: %w", t.provider, authn.ErrNotFound)
	}
	token, err := t.openToken(a)
	return a, token, err
}

func (t *tokenSource) refresh(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
	e := t.providers.byID(t.provider)
	if e == nil || old.RefreshToken == "" {
		return nil, ErrTokenExpired
	}
	fresh, err := e.Refresh(ctx, old)
	switch {
	case errors.Is(err, provider.ErrInvalid), errors.Is(err, provider.ErrTokenUnsupported):
		return nil, fmt.Errorf("renew token of provider %q: %w: %w", t.provider, ErrTokenExpired, err)
	case err != nil:
		return nil, fmt.Errorf("renew token of provider %q: %w", t.provider, err)
	}
	if fresh.RefreshToken == "" {
		fresh.RefreshToken = old.RefreshToken
	}
	return fresh, nil
}
