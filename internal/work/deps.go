package work

import (
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/headless"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/ratelimit"
)

// Deps is what every flow works with.
type Deps struct {
	Users  authn.UserStore
	Tx     Transactor
	Limits *ratelimit.Limiter
	Keys   *keyring.Keyring
	Post   *Post
	Now    func() time.Time
	Rand   io.Reader
	Logger *slog.Logger
	// LoginTimeout is how long a login may stay pending, from its start.
	LoginTimeout time.Duration
	// ReauthenticationTimeout is how long an authentication counts as recent.
	ReauthenticationTimeout time.Duration
	// DisableEmailNotifications sends no mail about changes of an account.
	DisableEmailNotifications bool
	// ProvidersOnly leaves out every way in but providers.
	ProvidersOnly bool
	// BaseURL is the server's public URL without a trailing slash.
	BaseURL string
	// FrontendURLs are the pages that mails and redirects lead to.
	FrontendURLs headless.FrontendURLs
}

// WithKey puts the key, escaped, in the place of {key}.
func WithKey(page, key string) string {
	escaped := url.PathEscape(key)
	if query := strings.IndexByte(page, '?'); query >= 0 && strings.Index(page, "{key}") > query {
		escaped = url.QueryEscape(key)
	}
	return strings.ReplaceAll(page, "{key}", escaped)
}
