package api

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/headless"
	"github.com/allauth-go/allauth/internal/login"
)

// specificationTypes are the paths of the OpenAPI document and their media types. JSON is
// valid YAML, too.
var specificationTypes = map[string]string{
	"/openapi.json": "application/vnd.oai.openapi+json",
	"/openapi.yaml": "application/vnd.oai.openapi",
}

// document is an OpenAPI document, with the members that OpenAPI reads or changes.
type document struct {
	OpenAPI    string                               `json:"openapi"`
	Info       json.RawMessage                      `json:"info"`
	Servers    []map[string]string                  `json:"servers"`
	Tags       json.RawMessage                      `json:"tags"`
	Paths      map[string]map[string]any            `json:"paths"`
	Components map[string]map[string]map[string]any `json:"components"`
}

// OpenAPI returns the OpenAPI document of the configured features and kinds of clients.
func (h *Handler) OpenAPI() []byte {
	var doc document
	if err := json.Unmarshal(headless.Specification(), &doc); err != nil {
		panic("headless: openapi.json: " + err.Error()) // the embedded document is valid
	}
	doc.Servers[0]["url"] = h.cfg.BaseURL
	doc.Components["parameters"]["Client"]["schema"] = map[string]any{"type": "string", "enum": h.cfg.Clients}
	schemes := doc.Components["securitySchemes"]
	h.keepSchemes(schemes)
	paths := map[string]map[string]any{}
	for path, item := range doc.Paths {
		path = h.cfg.BasePath + strings.TrimPrefix(path, "/_allauth")
		if h.serves(path) {
			paths[path] = item
			keepRequirements(item, schemes)
		}
	}
	doc.Paths = paths
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic("headless: openapi.json: " + err.Error())
	}
	return text
}

// specificationType returns the media type of the document at a request path,
// empty for any other path.
func (h *Handler) specificationType(path string) string {
	name, ok := strings.CutPrefix(path, h.cfg.BasePath)
	if !ok {
		return ""
	}
	return specificationTypes[name]
}

// keepSchemes removes the security schemes of kinds of clients and of tokens that are not
// served.
func (h *Handler) keepSchemes(schemes map[string]map[string]any) {
	schemes["SessionCookie"]["name"] = h.sessions.Config().CookieName
	if h.routes[login.Browser] == nil {
		delete(schemes, "SessionCookie")
		delete(schemes, "CSRFToken")
	}
	if h.routes[login.App] == nil {
		delete(schemes, "SessionToken")
	}
	if h.tokens == nil || h.routes[login.App] == nil {
		delete(schemes, "AccessToken")
	} else {
		schemes["AccessToken"]["scheme"] = h.tokens.Scheme()
	}
}

// keepRequirements removes, from the operations of a path, the security requirements that
// name other schemes.
func keepRequirements(item map[string]any, schemes map[string]map[string]any) {
	for _, member := range item {
		operation, ok := member.(map[string]any)
		if !ok { // the parameters of the path
			continue
		}
		operation["security"] = slices.DeleteFunc(operation["security"].([]any), func(requirement any) bool {
			for scheme := range requirement.(map[string]any) {
				if schemes[scheme] == nil {
					return true
				}
			}
			return false
		})
	}
}

// serves reports whether there is an endpoint at a path of the document.
func (h *Handler) serves(path string) bool {
	switch strings.TrimPrefix(path, h.cfg.BasePath) {
	case jwksPath:
		return h.tokens != nil
	case "/provider/{id}/callback":
		return h.social != nil
	}
	return slices.ContainsFunc(h.cfg.Clients, func(kind login.Kind) bool {
		kind, endpoint, ok := h.split(strings.Replace(path, "{client}", string(kind), 1))
		return ok && h.routes[kind][endpoint] != nil
	})
}
