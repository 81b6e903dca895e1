package work

import (
	"context"
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

// Deps are the dependencies of all flows.
type Deps struct {
	Users  authn.UserStore
	Tx     Transactor
	Limits *ratelimit.Limiter
	Keys   *keyring.Keyring
	Post   *Post
	Now    func() time.Time
	Rand   io.Reader
	Logger *slog.Logger
	// Observer measures operations. Nil: off.
	Observer authn.Observer
	// Trail stores events. Nil: they are not stored.
	Trail Trail
	// OnEvent receives the events of what was stored. It may be nil.
	OnEvent func(ctx context.Context, e authn.Event)
	// LoginTimeout is how long a login may be pending.
	LoginTimeout time.Duration
	// ReauthenticationTimeout is how long an authentication counts as recent.
	ReauthenticationTimeout time.Duration
	// DisableEmailNotifications sends no mail about changes of an account.
	DisableEmailNotifications bool
	// ProvidersOnly is true if users can log in only through providers.
	ProvidersOnly bool
	// BaseURL is the server's public URL without a trailing slash.
	BaseURL string
	// FrontendURLs are the pages to which mails and redirects lead.
	FrontendURLs headless.FrontendURLs
}

// WithKey replaces {key} by the escaped key.
func WithKey(page, key string) string {
	escaped := url.PathEscape(key)
	if query := strings.IndexByte(page, '?'); query >= 0 && strings.Index(page, "{key}") > query {
		escaped = url.QueryEscape(key)
	}
	return strings.ReplaceAll(page, "{key}", escaped)
}
