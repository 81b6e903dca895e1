package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/jsonio"
)

// The longest texts that a field takes, in bytes.
const (
	maxTextLength = 512
	maxCodeLength = 512
)

// bodyError is a body that is no input at all.
type bodyError struct {
	status int
	code   string
}

func (e *bodyError) Error() string { return "headless: " + e.code }

// form is the input of an endpoint. Its readers collect what is wrong, so that
// a client learns of every problem at once.
type form struct {
	*jsonio.Object
	errs authn.Errors
}

// form reads the body. An empty body is an empty form.
func (c *call) form() (*form, error) {
	if !c.hasBody() {
		return &form{Object: &jsonio.Object{}}, nil
	}
	if mediaType, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return nil, &bodyError{http.StatusUnsupportedMediaType, "unsupported_media_type"}
	}
	if c.r.Header.Get("Content-Encoding") != "" {
		return nil, &bodyError{http.StatusUnsupportedMediaType, "unsupported_media_type"}
	}
	object, err := jsonio.ReadObject(c.r.Body)
	switch {
	case errors.Is(err, jsonio.ErrTooLarge):
		return nil, &bodyError{http.StatusRequestEntityTooLarge, "too_large"}
	case err != nil:
		return nil, &bodyError{http.StatusBadRequest, "invalid_json"}
	}
	return &form{Object: object}, nil
}

func (c *call) hasBody() bool {
	return c.r.ContentLength != 0 && c.r.Body != nil && c.r.Body != http.NoBody
}

func (f *form) add(param, code string) { f.errs = append(f.errs, problem(param, code)) }

// problem is an input problem as account words it, or in words for what other
// packages have no fields for.
func problem(param, code string) *authn.Error {
	e := accounts.Problem(param, code)
	e.Message = cmp.Or(bodyFieldTexts[param+"."+code], bodyMessages[code], e.Message)
	return e
}

// bodyMessages say what to do, as those of package account.
var bodyMessages = map[string]string{
	code.InvalidJSON:          "Send the body as one JSON object.",
	code.UnsupportedMediaType: "Send the body as application/json.",
	code.TooLarge:             "Send a smaller body.",
	code.InvalidList:          "Send a list of values.",
	code.InvalidChoice:        "Send the id of one of your authenticators.",
	code.InvalidPKValue:       "Send the id of one of your authenticators.",
}

// bodyFieldTexts are what the fieldTexts of package account are for its fields.
var bodyFieldTexts = map[string]string{
	"sessions." + code.InvalidChoice:  "Send the id of one of your sessions.",
	"sessions." + code.InvalidPKValue: "Send the id of one of your sessions.",
	"primary." + code.Invalid:         "Send true or false.",
	"name." + code.Invalid:            "Enter the name as a text.",
	"refresh_token." + code.Invalid:   "Send the refresh token as a text.",
	"credential." + code.Invalid:      "Send the answer of the security key as an object.",
	"provider." + code.Invalid:        "Send the id of the provider as a text.",
	"account." + code.Invalid:         "Send the id of the account as a text.",
}

// err returns what is wrong so far.
func (f *form) err() error {
	if len(f.errs) > 0 {
		return f.errs
	}
	return nil
}

// bad reports whether a field has a problem already.
func (f *form) bad(name string) bool {
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
		e := problem(name, "max_length")
		e.Message = fmt.Sprintf("Enter a password of at most %d bytes.", limit)
		f.errs = append(f.errs, e)
		return ""
	}
	value = f.check(name, value, isText, limit)
	if strings.TrimSpace(value) == "" {
		return ""
	}
	return value
}

// code reads a one-time code or key, which may come as a number.
func (f *form) code(name string) string {
	value, _, isCode := f.Code(name)
	return strings.TrimSpace(f.check(name, value, isCode, maxCodeLength))
}

func (f *form) check(name, value string, isText bool, limit int) string {
	switch {
	case !isText:
		f.add(name, "invalid")
	case strings.ContainsRune(value, 0):
		f.add(name, "null_characters_not_allowed")
	case len(value) > limit:
		f.add(name, "max_length")
	default:
		return value
	}
	return ""
}

// required is one of the readers, for a field that must not be empty.
func (f *form) required(name string, read func(string) string) string {
	value := read(name)
	if value == "" && !f.bad(name) {
		f.add(name, "required")
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
