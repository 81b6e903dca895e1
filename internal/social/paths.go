package social

import (
	"net/url"
	"strings"

	"github.com/allauth-go/allauth/socialaccount"
)

// openIDConnect is the class of providers that have a callback path of their
// own in Django.
const openIDConnect = "openid_connect"

// slugs are the ids that Django spells differently in a path.
var slugs = map[string]string{"twentythreeandme": "23andme", "amazon_cognito": "amazon-cognito"}

// callbackPaths knows where providers send browsers back to.
type callbackPaths struct {
	// own is where we always listen; plain and oidc are what is registered
	// with the providers.
	own, plain, oidc string
}

func newCallbackPaths(cfg *socialaccount.Config, basePath string) callbackPaths {
	paths := callbackPaths{own: basePath + "/provider/{id}/callback", plain: cfg.CallbackPath, oidc: cfg.OpenIDConnectCallbackPath}
	if paths.plain == "" {
		paths.plain = paths.own
	}
	if paths.oidc == "" {
		paths.oidc = paths.plain
	}
	return paths
}

// of returns the path of one provider.
func (c callbackPaths) of(e *entry) string {
	pattern := c.plain
	if e.info.Class == openIDConnect {
		pattern = c.oidc
	}
	id := e.info.ID
	if slug, ok := slugs[id]; ok && pattern != c.own {
		id = slug
	}
	return strings.ReplaceAll(pattern, "{id}", url.PathEscape(id))
}

// CallbackProvider returns the id of the provider whose callback a request path
// is, decoded, and false for any other path.
func (s *Service) CallbackProvider(path string) (string, bool) {
	for _, pattern := range []string{s.callbacks.own, s.callbacks.oidc, s.callbacks.plain} {
		id, ok := matchPath(pattern, path)
		if !ok {
			continue
		}
		for real, slug := range slugs {
			if id == slug && pattern != s.callbacks.own {
				id = real
			}
		}
		return id, true
	}
	return "", false
}

// matchPath takes the one segment that stands for {id} out of a path.
func matchPath(pattern, path string) (string, bool) {
	before, after, _ := strings.Cut(pattern, "{id}")
	rest, ok := strings.CutPrefix(path, before)
	if !ok {
		return "", false
	}
	id, ok := strings.CutSuffix(rest, after)
	return id, ok && id != "" && !strings.Contains(id, "/")
}
