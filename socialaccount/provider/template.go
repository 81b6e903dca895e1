package provider

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"strings"
)

// expand replaces the names in a URL like {ServerURL}/users/{tok:user.id}. A name
// is a field of Settings, which may have a default; tok: precedes a path in the
// token response.
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
				return "", fmt.Errorf("the token response has no %s: %w", path, ErrInvalid)
			}
			if b.Len() > 0 { // part of a URL, not the whole
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

// fillIn returns the setting that is inserted between two parts of a URL.
func fillIn(name, before, behind string, app App, e Entry) (string, error) {
	value := cmp.Or(reflect.ValueOf(app.Settings).FieldByName(name).String(), e.defaults[name])
	if value == "" {
		return "", fmt.Errorf("Settings.%s is empty; %s needs it", name, e.Name)
	}
	value = strings.TrimSuffix(value, "/")
	if strings.HasSuffix(before, "://") || strings.HasSuffix(before, ".") { // the setting is part of the host
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
