package provider

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// sharedSettings are the settings that one kind of provider or another reads.
// Those that stand in the addresses of an entry come on top.
var sharedSettings = []string{
	"auth_date_validity", "auth_params", "certificate_key", "fetch_userinfo", "fields", "graph_api_url", "nonce_enabled",
	"oauth_pkce_enabled", "scope", "server_url", "token_auth_method", "uid_field", "version",
}

// checkSettings refuses settings that nothing reads, such as one with a typing
// mistake. One that only other providers read does no harm.
func checkSettings(app App, e Entry) error {
	for _, name := range slices.Sorted(maps.Keys(app.Settings)) {
		reads := func(other Entry) bool { return slices.Contains(other.addressSettings(), name) }
		if !slices.Contains(sharedSettings, name) && !slices.ContainsFunc(catalogue, reads) {
			known := slices.Sorted(slices.Values(slices.Concat(sharedSettings, e.addressSettings())))
			return fmt.Errorf("Settings[%q] is no setting; use %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`\{([A-Z0-9_]+)\}`)

// addressSettings returns the names in capitals that expand fills in, as
// settings are written.
func (e Entry) addressSettings() []string {
	templates := []string{e.issuer, e.metadata, e.authorize, e.token, e.profile}
	for _, values := range []map[string]string{e.query, e.header} {
		templates = append(templates, slices.Sorted(maps.Values(values))...)
	}
	var names []string
	for _, found := range placeholder.FindAllStringSubmatch(strings.Join(templates, " "), -1) {
		if name := strings.ToLower(found[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
