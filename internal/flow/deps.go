package flow

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/ratelimit"
)

// Deps is what every room works with.
type Deps struct {
	Users      authn.UserStore
	Challenges *Challenges
	Limits     *ratelimit.Limiter
	Keys       *keyring.Keyring
	Post       *Post
	Now        func() time.Time
	Rand       io.Reader
	Logger     *slog.Logger
	// ProvidersOnly leaves out every way in but providers.
	ProvidersOnly bool
	// BaseURL is the server's public URL without a trailing slash.
	BaseURL string
	// FrontendURLs are the pages that mails and redirects lead to.
	FrontendURLs FrontendURLs
}

// maxTries is how often a transaction is tried that collides with others.
const maxTries = 10

// InTx runs f in one store transaction. If it fails, the session is as if f had
// never run. Where the host vetoed the login that f came to, the rest of f is
// stored all the same, and the veto is returned. If it collided with another
// transaction, f is called again, so what else f changes it has to set anew each
// time.
func (d *Deps) InTx(ctx context.Context, s *Session, f func(ctx context.Context) error) error {
	err := Retry(ctx, func() error {
		saved := s.snapshot()
		err := d.Post.InTx(ctx, f)
		if err != nil {
			*s = saved
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.takeVeto()
}

// Retry calls f, which runs a transaction, again while it collides with others,
// at most ten times.
func Retry(ctx context.Context, f func() error) error {
	for try := 1; ; try++ {
		err := f()
		if !errors.Is(err, authn.ErrCollision) || try == maxTries {
			return err
		}
		// Not at once, or those that collided collide again.
		select {
		case <-time.After(rand.N(time.Duration(try) * 4 * time.Millisecond)):
		case <-ctx.Done():
			return err
		}
	}
}

// FrontendURLs are absolute URLs in which {key} stands for a key.
type FrontendURLs struct {
	ConfirmEmail         string
	ResetPassword        string
	ResetPasswordFromKey string
	Signup               string
	SocialLoginError     string
}

// WithKey puts the key, escaped, in the place of {key}.
func WithKey(page, key string) string {
	escaped := url.PathEscape(key)
	if query := strings.IndexByte(page, '?'); query >= 0 && strings.Index(page, "{key}") > query {
		escaped = url.QueryEscape(key)
	}
	return strings.ReplaceAll(page, "{key}", escaped)
}
