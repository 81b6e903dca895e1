package provider

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"strings"
)

// expand fills in an address like {ServerURL}/users/{tok:user.id}: names are
// fields of Settings, and may have a default; tok: is a path in the answer of the
// token endpoint.
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
		value, err := fillIn(name, b.String(), rest, app, e)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
	}
}

// fillIn returns the setting that stands between two parts of an address.
func fillIn(name, before, behind string, app App, e Entry) (string, error) {
	value := cmp.Or(reflect.ValueOf(app.Settings).FieldByName(name).String(), e.defaults[name])
	if value == "" {
		return "", fmt.Errorf("Settings.%s is empty; %s needs it", name, e.Name)
	}
	value = strings.TrimSuffix(value, "/")
	if strings.HasSuffix(before, "://") || strings.HasSuffix(before, ".") { // it is part of the host
		domain, _, _ := strings.Cut(behind, "/")
		value = strings.TrimSuffix(value, domain)
		if strings.ContainsAny(value, "/@?#") {
			return "", fmt.Errorf("Settings.%s is %q; use the host alone, without https:// and path", name, value)
		}
		if domain != "" && strings.Contains(value, ".") {
			return "", fmt.Errorf("Settings.%s is %q; use the name before %s", name, value, domain)
		}
	}
	return value, nil
}
