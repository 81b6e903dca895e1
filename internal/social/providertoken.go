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

// refreshEarly is how long before its expiry a token is refreshed.
const refreshEarly = time.Minute

// refreshTimeout limits a refresh. A cancelled context does not stop it, because the
// provider may already have invalidated the old refresh token.
const refreshTimeout = 30 * time.Second

// storedToken is the plaintext of a stored token.
type storedToken struct {
	AccessToken  string    `json:"access_token"`
	TokenType    string    `json:"token_type,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	Expiry       time.Time `json:"expiry,omitzero"`
}

// sealToken encrypts a token for an account at a provider. Returns nil if there is no
// token, or if Config.StoreTokens is off.
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

// updateToken replaces the stored token by that of a login. If the provider sent no
// refresh token, the old refresh token is kept.
func (s *Service) updateToken(ctx context.Context, c *candidate) error {
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
		return nil // another request refreshed it, and that token is valid, too
	}
	return err
}

// TokenSource returns the source of a user's token at a provider, which refreshes the
// token before it expires. If the user has several accounts at the provider, it uses
// that of the last login. Returns authn.ErrNotFound if no token is stored. Token returns
// socialaccount.ErrTokenExpired if the user has to log in through the provider again.
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

// tokenSource implements oauth2.TokenSource. It reads the token from the store each
// time, so it is safe for concurrent use, also by several servers.
type tokenSource struct {
	*Service
	ctx                 context.Context
	provider, uid, user string
}

// Token implements oauth2.TokenSource.
func (t *tokenSource) Token() (*oauth2.Token, error) {
	_, token, err := t.load()
	if err != nil || t.isFresh(token) {
		return token, err
	}
	// One refresh at a time, because many providers accept a refresh token once only.
	lock := t.refreshLocks.forAccount(t.provider, t.uid)
	lock.Lock()
	defer lock.Unlock()
	a, token, err := t.load()
	if err != nil || t.isFresh(token) {
		return token, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), refreshTimeout)
	defer cancel()
	fresh, err := t.refresh(ctx, token)
	if err != nil {
		// Another server may have refreshed it first.
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
		return nil, fmt.Errorf("store refreshed token: %w", err)
	}
	return fresh, nil
}

// isFresh reports whether a token need not be refreshed yet.
func (t *tokenSource) isFresh(token *oauth2.Token) bool {
	return token.Expiry.IsZero() || t.deps.Now().Before(token.Expiry.Add(-refreshEarly))
}

// accountLocks are locks of accounts at providers. Several accounts share a lock.
type accountLocks struct {
	seed  maphash.Seed
	locks [64]sync.Mutex
}

func (l *accountLocks) forAccount(providerID, uid string) *sync.Mutex {
	return &l.locks[maphash.String(l.seed, providerID+"\x00"+uid)%uint64(len(l.locks))]
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
		return nil, socialaccount.ErrTokenExpired
	}
	fresh, err := e.Refresh(ctx, old)
	switch {
	case errors.Is(err, provider.ErrInvalid), errors.Is(err, provider.ErrTokenUnsupported):
		return nil, fmt.Errorf("refresh token of provider %q: %w: %w", t.provider, socialaccount.ErrTokenExpired, err)
	case err != nil:
		return nil, fmt.Errorf("refresh token of provider %q: %w", t.provider, err)
	}
	if fresh.RefreshToken == "" {
		fresh.RefreshToken = old.RefreshToken
	}
	return fresh, nil
}
