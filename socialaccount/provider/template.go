package provider

import (
	"fmt"
	"net/url"
	"strings"
)

// expand fills in an address like https://{HOST}/users/{tok:user.id}: names in
// capitals are settings of the app or have a default, tok: is a path in the
// answer of the token endpoint.
func expand(template string, app App, e Entry, token func(path string) string) (string, error) {
	var b strings.Builder
	for rest := template; ; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, tail, _ := strings.Cut(after, "}")
		rest = tail
		if path, ofToken := strings.CutPrefix(name, "tok:"); ofToken {
			value := token(path)
			if value == "" {
				return "", fmt.Errorf("the provider's token has no %s: %w", path, ErrInvalid)
			}
			if b.Len() > 0 { // part of an address, not all of it
				value = url.PathEscape(value)
			}
			b.WriteString(value)
			continue
		}
		fallback := e.defaults[name]
		if name == e.keySetting && app.Key != "" {
			fallback = app.Key
		}
		value, err := app.text(strings.ToLower(name), fallback)
		if err != nil {
			return "", err
		}
		if value == "" {
			return "", fmt.Errorf("Settings[%q] is missing; %s needs it", strings.ToLower(name), e.Name)
		}
		b.WriteString(strings.TrimSuffix(value, "/"))
	}
}
