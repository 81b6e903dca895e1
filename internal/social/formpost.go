package social

import (
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"time"
)

// A provider that answers with a form has the browser post it across sites, and
// then the browser sends no session cookie along. So the form is sealed and the
// browser sent to the same callback with it, which it does with the cookie.

const (
	purposeForm = "socialaccount_form"
	// ParameterForm is the parameter that holds a sealed form.
	ParameterForm = "form"
	// maxForm is the largest form that is taken, in bytes.
	maxForm      = 6 << 10
	formLifetime = 5 * time.Minute
)

// formFields are what a provider may send in a form.
var formFields = []string{"code", "state", "error", "iss", "user", "id_token"}

// AnswersByForm reports whether the provider's answer is a posted form.
func (s *Service) AnswersByForm(providerID string) bool {
	e := s.providers.byID(providerID)
	return e != nil && e.info.CallbackByPost
}

// AnswersInFragment reports whether the provider's answer is behind the # of the
// callback's address and still has to be brought into its query, which holds
// nothing but our state.
func (s *Service) AnswersInFragment(providerID string, values url.Values) bool {
	e := s.providers.byID(providerID)
	return e != nil && e.info.CallbackInFragment && values.Has("state") && len(values) == 1
}

// SealForm returns a form as a text that may stand in a URL and tells nobody
// what it holds. It reports false for a form that is too large.
func (s *Service) SealForm(providerID string, form url.Values) (string, bool) {
	kept := url.Values{}
	for _, name := range formFields {
		if value := form.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	text := kept.Encode()
	if len(text) > maxForm {
		return "", false
	}
	expires := s.deps.Now().Add(formLifetime)
	sealed, err := s.deps.Keys.Seal(purposeForm, append(binary.BigEndian.AppendUint64(nil, uint64(expires.Unix())), text...), []byte(providerID))
	if err != nil {
		return "", false
	}
	return base64.RawURLEncoding.EncodeToString(sealed), true
}

// OpenForm returns what SealForm made for that provider. A text that is not
// readable, or too old, is an empty form.
func (s *Service) OpenForm(providerID, text string) url.Values {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return url.Values{}
	}
	plain, err := s.deps.Keys.Open(purposeForm, sealed, []byte(providerID))
	if err != nil || len(plain) < 8 || s.deps.Now().Unix() > int64(binary.BigEndian.Uint64(plain)) {
		return url.Values{}
	}
	values, err := url.ParseQuery(string(plain[8:]))
	if err != nil {
		return url.Values{}
	}
	return values
}
