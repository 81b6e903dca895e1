package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/rs/cors"

	"github.com/allauth-go/allauth/internal/login"
)

// preflightLifetime is how long browsers need not repeat a preflight.
const preflightLifetime = 10 * time.Minute

// crossOrigin returns, for each kind of client, what answers preflights and lets the
// scripts of other origins read responses: the CORS protocol of the Fetch standard. Only
// the browser API gets cookies. It returns nil without origins.
func crossOrigin(origins []string, kinds []login.Kind) map[login.Kind]*cors.Cors {
	if len(origins) == 0 {
		return nil
	}
	byKind := map[login.Kind]*cors.Cors{}
	for _, kind := range kinds {
		options := cors.Options{
			AllowedOrigins: origins,
			AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
			AllowedHeaders: []string{"Content-Type", "X-Email-Verification-Key", "X-Login-Alert-Key", "X-Password-Reset-Key"},
			ExposedHeaders: []string{"Retry-After"},
			MaxAge:         int(preflightLifetime / time.Second),
		}
		if kind == login.Browser {
			options.AllowCredentials = true
			options.AllowedHeaders = append(options.AllowedHeaders, csrfHeader)
			options.ExposedHeaders = append(options.ExposedHeaders, csrfHeader)
		} else {
			options.AllowedHeaders = append(options.AllowedHeaders, "X-Session-Token", "Authorization")
		}
		byKind[kind] = cors.New(options)
	}
	return byKind
}

// isPreflight reports whether a browser asks if it may send a request for another
// origin.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// showCSRFToken sends the CSRF token to a page of another origin, which cannot read the
// cookie.
func (c *call) showCSRFToken(token string) {
	if origin := c.r.Header.Get("Origin"); origin != "" && slices.Contains(c.cfg.CORSOrigins, origin) {
		c.w.Header().Set(csrfHeader, token)
	}
}
