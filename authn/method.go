package authn

import (
	"encoding/json"
	"math"
	"net/netip"
	"time"
)

// Method records one authentication of the user in a session. Its JSON form is an
// entry of data.methods in responses of the API.
type Method struct {
	// Name is "password", "code", "password_reset", "mfa", "socialaccount" or, after
	// Auth.LogIn, "host".
	Name string
	// At is when the user authenticated, to the microsecond.
	At time.Time

	Email    string // the email address that was used, if any
	Username string
	Phone    string
	// Reauthenticated is set if the user authenticated again in a session that
	// was already logged in.
	Reauthenticated bool
	// AuthenticatorID and Type are set if Name is "mfa". The Type "host" is a second
	// factor that the host has checked; it has no AuthenticatorID.
	AuthenticatorID int64
	Type            string
	// Passwordless is set after a login with a passkey alone.
	Passwordless bool
	// Provider and UID are set if Name is "socialaccount".
	Provider string
	UID      string
}

type methodJSON struct {
	Method          string  `json:"method"`
	At              float64 `json:"at"`
	Email           string  `json:"email,omitempty"`
	Username        string  `json:"username,omitempty"`
	Phone           string  `json:"phone,omitempty"`
	Reauthenticated bool    `json:"reauthenticated,omitempty"`
	ID              int64   `json:"id,omitempty"`
	Type            string  `json:"type,omitempty"`
	Passwordless    bool    `json:"passwordless,omitempty"`
	Provider        string  `json:"provider,omitempty"`
	UID             string  `json:"uid,omitempty"`
}

// MarshalJSON encodes the method as in responses of the API. Empty members are
// left out; At is encoded as by [Seconds].
func (m Method) MarshalJSON() ([]byte, error) {
	return json.Marshal(methodJSON{m.Name, Seconds(m.At), m.Email, m.Username, m.Phone, m.Reauthenticated,
		m.AuthenticatorID, m.Type, m.Passwordless, m.Provider, m.UID})
}

// UnmarshalJSON decodes what MarshalJSON encodes.
func (m *Method) UnmarshalJSON(data []byte) error {
	var j methodJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*m = Method{j.Method, time.UnixMicro(int64(math.Round(j.At * 1e6))).UTC(), j.Email, j.Username, j.Phone, j.Reauthenticated,
		j.ID, j.Type, j.Passwordless, j.Provider, j.UID}
	return nil
}

// Seconds returns t as seconds since the epoch, with microseconds. All times in
// responses have this form.
func Seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// Client describes the origin of a request.
type Client struct {
	// IP is the address of the client behind the trusted proxies. It is the zero
	// Addr if unknown.
	IP netip.Addr
	// UserAgent is the User-Agent header, cut to 200 bytes.
	UserAgent string
}
