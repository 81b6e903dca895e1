package api

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/jsonio"
	"github.com/allauth-go/allauth/internal/problem"
)

// The maximum lengths of fields, in bytes.
const (
	maxTextLength = 512
	maxCodeLength = 512
)

// form is the input of an endpoint. Its methods collect the problems, so that a client
// gets all of them at once.
type form struct {
	*jsonio.Object
	errs authn.Errors
}

// form reads the body. An empty body is an empty form, whatever its type.
func (c *call) form() (*form, error) {
	if c.r.Body == nil {
		return &form{Object: &jsonio.Object{}}, nil
	}
	text, err := jsonio.Read(c.r.Body)
	if (err != nil || len(text) > 0) && !isJSON(c.r.Header) {
		return nil, errUnsupportedMediaType
	}
	var object *jsonio.Object
	if err == nil {
		object, err = jsonio.Parse(text)
	}
	switch {
	case errors.Is(err, jsonio.ErrTooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errInvalidJSON
	}
	return &form{Object: object}, nil
}

// isJSON reports whether a body is JSON that is not compressed. Parameters of the type,
// such as charset, mean nothing (RFC 8259 section 11).
func isJSON(h http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || mediaType != "application/json" {
		return false
	}
	encoding := strings.TrimSpace(h.Get("Content-Encoding"))
	return encoding == "" || strings.EqualFold(encoding, "identity")
}

func (f *form) add(param, code string, args ...any) {
	f.errs = append(f.errs, problem.Of(param, code, args...))
}

// err returns the problems so far as an error, or nil.
func (f *form) err() error {
	if len(f.errs) > 0 {
		return f.errs
	}
	return nil
}

// hasProblem reports whether a field has a problem.
func (f *form) hasProblem(name string) bool {
	for _, e := range f.errs {
		if e.Param == name {
			return true
		}
	}
	return false
}

// merge adds what another check found to the form's problems. Other errors are
// returned.
func (f *form) merge(err error) error {
	var found authn.Errors
	if err != nil && !errors.As(err, &found) {
		return err
	}
	f.errs = append(f.errs, found...)
	return nil
}

// text reads a text without the blanks around it. Missing and null are "".
func (f *form) text(name string) string {
	value, _, isText := f.String(name)
	return strings.TrimSpace(f.check(name, value, isText, maxTextLength))
}

// password reads the password of an account as it was typed. Nothing but blanks
// is none.
func (f *form) password(name string) string { return f.passwordUpTo(name, password.MaxVerifyLength) }

// newPassword reads a password that is to be set.
func (f *form) newPassword(name string) string { return f.passwordUpTo(name, password.MaxLength) }

func (f *form) passwordUpTo(name string, limit int) string {
	value, _, isText := f.String(name)
	if isText && len(value) > limit {
		f.add(name, code.MaxLength, limit)
		return ""
	}
	value = f.check(name, value, isText, limit)
	if strings.TrimSpace(value) == "" {
		return ""
	}
	return value
}

// code reads a one-time code or key, which may be a JSON number.
func (f *form) code(name string) string {
	value, _, isCode := f.Code(name)
	return strings.TrimSpace(f.check(name, value, isCode, maxCodeLength))
}

func (f *form) check(name, value string, isText bool, limit int) string {
	switch {
	case !isText:
		f.add(name, code.Invalid)
	case strings.ContainsRune(value, 0):
		f.add(name, code.NullCharactersNotAllowed)
	case len(value) > limit:
		f.add(name, code.MaxLength)
	default:
		return value
	}
	return ""
}

// required reads a field that must not be empty.
func (f *form) required(name string, read func(f *form, name string) string) string {
	value := read(f, name)
	if value == "" && !f.hasProblem(name) {
		f.add(name, code.Required)
	}
	return value
}

// fields returns every member as it was sent, for the host's own fields.
func (f *form) fields() map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	for _, name := range f.Names() {
		fields[name] = f.Raw(name)
	}
	return fields
}

// email reads an address. The flow limits its length.
func (f *form) email(name string) string {
	value, _, isText := f.String(name)
	return strings.TrimSpace(f.check(name, value, isText, 4096))
}

// exact reads a text or a number, including the spaces around it.
func (f *form) exact(name string) string {
	value, _, isText := f.Code(name)
	return f.check(name, value, isText, maxTextLength)
}

// ids reads a list of ids.
func (f *form) ids(name string) []string {
	ids, refused := f.IDs(name)
	if refused != "" {
		f.add(name, refused)
	}
	return ids
}

// truthy reads a check box like HTML forms: false for an empty value, false and zero, true
// for all others.
func (f *form) truthy(name string) bool {
	if f.Empty(name) {
		return false
	}
	if text, _, isText := f.String(name); isText {
		return !strings.EqualFold(text, "false")
	}
	raw := string(f.Raw(name))
	return raw != "false" && strings.Trim(raw, "-0.") != ""
}
