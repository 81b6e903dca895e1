package social

import (
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"time"
)

// A provider with response_mode=form_post makes the browser post the response across
// sites, without the session cookie. The server encrypts the form and redirects the
// browser to the same callback with the encrypted form as a parameter; this request
// carries the cookie.

const (
	purposeForm = "socialaccount_form"
	// ParameterForm is the parameter with an encrypted form.
	ParameterForm = "form"
	// maxForm is the size of the largest form that is accepted, in bytes.
	maxForm      = 6 << 10
	formLifetime = 5 * time.Minute
)

// formFields are the fields that are kept of a form.
var formFields = []string{"code", "state", "error", "iss", "user", "id_token"}

// AnswersByForm reports whether the provider posts its response as a form.
func (s *Service) AnswersByForm(providerID string) bool {
	e := s.providers.byID(providerID)
	return e != nil && e.info.CallbackByPost
}

// AnswersInFragment reports whether the provider's response is in the fragment of the
// callback's URL, so that a script has to move it to the query. The query holds only
// state.
func (s *Service) AnswersInFragment(providerID string, values url.Values) bool {
	e := s.providers.byID(providerID)
	return e != nil && e.info.CallbackInFragment && isOnlyState(values)
}

// ShowsForm reports whether the callback shows the form of the provider for development:
// values are those of a callback before the form is filled in.
func (s *Service) ShowsForm(providerID string, values url.Values) bool {
	e := s.providers.byID(providerID)
	return e != nil && e.info.Development && isOnlyState(values)
}

// isOnlyState reports whether state is the only parameter of a callback.
func isOnlyState(values url.Values) bool { return values.Has("state") && len(values) == 1 }

// NameOf returns the name of a provider that users see.
func (s *Service) NameOf(providerID string) string { return s.providers.byID(providerID).info.Name }

// SealForm encrypts a form into a text for a URL, which is valid for five minutes. It
// returns false if the form is too large.
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

// OpenForm decrypts a text that SealForm returned for the same provider. Returns an
// empty form if the text is invalid or has expired.
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
