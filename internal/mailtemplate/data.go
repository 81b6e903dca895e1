package mailtemplate

import (
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLength is the length after which a value is cut off, in characters. Keys and links
// are exempt.
const maxLength = 300

// maxNameLength is the length of the longest name in a greeting, in characters.
const maxNameLength = 60

// clean copies the data of a message into a map with every field. Strings have no line
// breaks and no characters that change the direction of text, because many of them were
// chosen by users, not always by the recipient. Returns an error if data is not a struct
// or a map with string keys.
func clean(data any) (map[string]any, error) {
	values := make(map[string]any, len(fields))
	for _, name := range fields {
		values[name] = ""
	}
	source := reflect.Indirect(reflect.ValueOf(data))
	switch {
	case !source.IsValid(): // no data
	case source.Kind() == reflect.Map && source.Type().Key().Kind() == reflect.String:
		for entries := source.MapRange(); entries.Next(); {
			values[entries.Key().String()] = cleanValue(entries.Key().String(), entries.Value())
		}
	case source.Kind() == reflect.Struct:
		for field, value := range source.Fields() {
			if field.IsExported() {
				values[field.Name] = cleanValue(field.Name, value)
			}
		}
	default:
		return nil, fmt.Errorf("mailtemplate: data is a %T: use a struct or a map with string keys", data)
	}
	if name, ok := values["User"].(string); ok && !isGreetable(name) {
		values["User"] = ""
	}
	return values, nil
}

func cleanValue(name string, value reflect.Value) any {
	if value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	if !value.IsValid() {
		return ""
	}
	if value.Kind() != reflect.String {
		return value.Interface()
	}
	text := oneLine(value.String())
	if name != "Key" && !slices.Contains(links, name) && utf8.RuneCountInString(text) > maxLength {
		text = string([]rune(text)[:maxLength]) + "…"
	}
	return text
}

// oneLine replaces line breaks, other control characters, characters that change the
// direction of text, and repeated spaces by single spaces.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) || unicode.In(r, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}

// linkLike matches text that mail programs turn into a link.
var linkLike = regexp.MustCompile(`[/:@\\]|\pL\.\pL{2}`)

// isGreetable reports whether a name may be used in a greeting. An attacker can sign up
// with the address of another person, and with an advertisement as the name.
func isGreetable(name string) bool {
	return utf8.RuneCountInString(name) <= maxNameLength && !linkLike.MatchString(name)
}

// links are the fields with URLs of pages.
var links = []string{"URL", "SignupURL", "PasswordResetURL"}

// withLinks returns values in which links have a type that HTML templates do not filter,
// so that they can have the scheme of an app. The host configures links; those with the
// scheme of a script are filtered even so.
func withLinks(values map[string]any) map[string]any {
	copied := make(map[string]any, len(values))
	for name, value := range values {
		copied[name] = value
		text, ok := value.(string)
		if !ok || !slices.Contains(links, name) {
			continue
		}
		u, err := url.Parse(text)
		if err == nil && u.Scheme != "" && !slices.Contains([]string{"javascript", "vbscript", "data"}, u.Scheme) {
			copied[name] = htmltemplate.URL(text)
		}
	}
	return copied
}
