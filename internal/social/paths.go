package social

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/allauth-go/allauth/socialaccount"
)

// openIDConnect is the class of providers whose callback path differs from that of
// others in Django.
const openIDConnect = "openid_connect"

// slugs maps provider ids to their spelling in paths of Django, where it differs.
var slugs = map[string]string{"twentythreeandme": "23andme", "amazon_cognito": "amazon-cognito"}

// callbackPaths are the patterns of the paths to which providers redirect browsers.
type callbackPaths struct {
	// own always works. plain and oidc are the ones that are sent to providers: oidc to
	// those of class openIDConnect, plain to the others.
	own, plain, oidc string
}

func newCallbackPaths(cfg *socialaccount.Config, basePath string) callbackPaths {
	own := basePath + "/provider/{id}/callback"
	return callbackPaths{own: own, plain: cmp.Or(cfg.CallbackPath, own), oidc: cmp.Or(cfg.OpenIDConnectCallbackPath, cfg.CallbackPath, own)}
}

// forProvider returns the callback path of a provider.
func (c callbackPaths) forProvider(e *entry) string {
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

// CallbackProvider returns the id of the provider whose callback has this decoded path,
// and false if the path is not a callback.
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

// matchPath returns the path's segment in the place of {id}, and false if the path does
// not match the pattern.
func matchPath(pattern, path string) (string, bool) {
	before, after, _ := strings.Cut(pattern, "{id}")
	rest, ok := strings.CutPrefix(path, before)
	if !ok {
		return "", false
	}
	id, ok := strings.CutSuffix(rest, after)
	return id, ok && id != "" && !strings.Contains(id, "/")
}
