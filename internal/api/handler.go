package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/cookie"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/locale"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/social"
	"github.com/allauth-go/allauth/internal/tokens"
	"github.com/allauth-go/allauth/internal/trail"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/users"
)

// requestTimeout limits the time of one request. A request that may change something runs
// to its end even if the client disconnects, so that an attempt is counted in any case.
const requestTimeout = 30 * time.Second

// Settings are the settings of the API.
type Settings struct {
	// BaseURL is the public URL of the server, without a trailing slash.
	BaseURL string
	// BasePath is the path of the API, without a trailing slash.
	BasePath string
	// Clients are the client kinds that are served.
	Clients []login.Kind
	// ServeSpecification serves the OpenAPI document.
	ServeSpecification bool
	// CORSOrigins are the other origins whose scripts may call the API.
	CORSOrigins []string
	// Cookies holds the attributes of cookies.
	Cookies cookie.Policy
	// UserPayload may change data.user.
	UserPayload func(ctx context.Context, u *authn.User, payload map[string]any)
	// Users says what users can do themselves about the deletion of their account and
	// the export of their data.
	Users users.Config
	// Protection refuses cross-site requests.
	Protection *http.CrossOriginProtection
	// Client returns the client of a request.
	Client func(r *http.Request) authn.Client
}

// Handler serves the API. It is safe for concurrent use.
type Handler struct {
	cfg      Settings
	sessions *session.Manager
	pipeline *login.Pipeline
	account  *accounts.Flows
	tokens   *tokens.Service
	social   *social.Flows  // nil: off
	mfa      *factors.Flows // nil: off
	trail    *trail.Trail   // nil: off
	exporter Exporter
	work     *work.Deps
	locales  *locale.Set
	logger   *slog.Logger
	routes   map[login.Kind]map[string]*resource
	cors     map[login.Kind]*cors.Cors // nil: off
	openAPI  []byte                    // nil: not served
}

// Deps are the services that a Handler calls.
type Deps struct {
	Sessions *session.Manager
	Pipeline *login.Pipeline
	Account  *accounts.Flows
	// Tokens issues access tokens. Nil: off.
	Tokens *tokens.Service
	// Social logs in users through providers. Nil: off.
	Social *social.Flows
	// MFA authenticates users by second factors. Nil: off.
	MFA *factors.Flows
	// Trail keeps events. Nil: off.
	Trail *trail.Trail
	// Exporter exports the data of users.
	Exporter Exporter
	Work     *work.Deps
}

// Exporter exports the data of users.
type Exporter interface {
	// Export returns the data of a user, which is encoded as JSON.
	Export(ctx context.Context, userID string) (any, error)
}

// New returns a Handler.
func New(cfg Settings, deps Deps) *Handler {
	h := &Handler{
		cfg: cfg, sessions: deps.Sessions, pipeline: deps.Pipeline,
		account: deps.Account, tokens: deps.Tokens, social: deps.Social, mfa: deps.MFA, trail: deps.Trail, exporter: deps.Exporter,
		work: deps.Work, locales: deps.Work.Post.Locales, logger: deps.Work.Logger,
		routes: map[login.Kind]map[string]*resource{},
	}
	for _, kind := range cfg.Clients {
		h.routes[kind] = map[string]*resource{}
	}
	for _, r := range h.table() {
		h.add(r)
	}
	h.cors = crossOrigin(cfg.CORSOrigins, cfg.Clients)
	if cfg.ServeSpecification {
		h.openAPI = h.OpenAPI()
	}
	return h
}

func (h *Handler) add(r route) {
	if r.off || r.local && h.account.ProvidersOnly() {
		return
	}
	for kind, table := range h.routes {
		if r.kind != "" && r.kind != kind {
			continue
		}
		for _, path := range r.paths {
			if table[path] == nil {
				table[path] = &resource{operations: operations(kind, path)}
			}
			table[path].add(&r)
		}
	}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve(w, r, "") }

// serve is ServeHTTP. hostMethod is the method of the host's request if the host makes this
// one in process.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, hostMethod string) {
	setHeaders(w.Header())
	ctx, unit := h.work.Begin(r.Context())
	r = r.WithContext(ctx)
	c := &call{Handler: h, w: w, r: r, ctx: ctx, unit: unit, hostMethod: hostMethod}
	defer h.recoverPanic(c)
	if r.URL.Path == h.cfg.BasePath+jwksPath && h.tokens != nil {
		c.writeDocument("application/jwk-set+json", h.tokens.JWKS())
		return
	}
	if mediaType := h.specificationType(r.URL.Path); mediaType != "" && h.openAPI != nil {
		c.writeDocument(mediaType, h.openAPI)
		return
	}
	if provider, ok := h.callbackOf(r); ok {
		h.serveCallback(c, provider)
		return
	}
	kind, path, ok := h.split(r.URL.Path)
	if !ok {
		c.write(reply{status: http.StatusNotFound})
		return
	}
	if h.cors != nil {
		h.cors[kind].HandlerFunc(w, r)
		if isPreflight(r) {
			return
		}
	}
	c.path = h.routes[kind][path]
	if c.path == nil {
		c.write(reply{status: http.StatusNotFound})
		return
	}
	c.route, c.action = c.path.find(r.Method)
	if h.work.Observer != nil {
		r = c.observe()
		defer c.observed()
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), requestTimeout)
		defer cancel()
		c.ctx = ctx
	}
	c.serve(kind)
}

// split returns the client kind and the endpoint of a path like
// /_allauth/app/v1/auth/login, and false for other paths.
func (h *Handler) split(path string) (login.Kind, string, bool) {
	rest, ok := strings.CutPrefix(path, h.cfg.BasePath+"/")
	if !ok {
		return "", "", false
	}
	kind, rest, ok := strings.Cut(rest, "/")
	if !ok || !slices.Contains(h.cfg.Clients, login.Kind(kind)) {
		return "", "", false
	}
	endpoint, ok := strings.CutPrefix(rest, "v1/")
	return login.Kind(kind), endpoint, ok
}

func (h *Handler) recoverPanic(c *call) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	err := hook.Recovered(c.ctx, h.logger, c.r.URL.Path, p)
	switch {
	case c.written:
	case c.fromProvider:
		c.callbackFailed(err)
	default:
		c.fail(err)
	}
}

// setHeaders sets headers that keep answers out of caches and frames.
func setHeaders(h http.Header) {
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private")
	h.Set("Expires", "0")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}
