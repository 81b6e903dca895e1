package mailtemplate

import (
	"encoding/json"
	htmltemplate "html/template"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/allauth-go/allauth/internal/locale"
)

// maxLength is the length after which a value is cut off, in characters. Keys and links
// are exempt.
const maxLength = 300

// maxNameLength is the length of the longest name in a greeting, in characters.
const maxNameLength = 60

// clean copies the data of a message into a map with every field. Strings have no line
// breaks and no characters that change the direction of text, because many of them were
// chosen by users, not always by the recipient.
func clean(l *locale.Locale, data map[string]any) map[string]any {
	values := make(map[string]any, len(fields))
	for _, name := range fields {
		values[name] = ""
	}
	values["Extra"] = map[string]string{}
	for name, value := range data {
		values[name] = cleanValue(l, name, value)
	}
	values["Locale"] = l.Name
	if name, ok := values["User"].(string); ok && !isGreetable(name) {
		values["User"] = ""
	}
	if agent, ok := data["UserAgent"].(string); ok && values["Browser"] == "" {
		values["Browser"] = l.Browser(agent)
	}
	return values
}

func cleanValue(l *locale.Locale, name string, value any) any {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		text := oneLine(v)
		if name != "Key" && !slices.Contains(links, name) && utf8.RuneCountInString(text) > maxLength {
			text = string([]rune(text)[:maxLength]) + "…"
		}
		return text
	case time.Duration:
		return l.Duration(v)
	case time.Time:
		return l.Time(v)
	case map[string]json.RawMessage:
		return cleanExtra(v)
	}
	return value
}

// cleanExtra returns the custom fields of a user as texts. A text that could be an
// advertisement is left out, as in a greeting.
func cleanExtra(extra map[string]json.RawMessage) map[string]string {
	texts := make(map[string]string, len(extra))
	for name, raw := range extra {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		if text = oneLine(text); isGreetable(text) {
			texts[name] = text
		}
	}
	return texts
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
