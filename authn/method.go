package authn

import (
	"encoding/json"
	"math"
	"net/netip"
	"time"
)

// Method is one proof of identity given during a session, in the shape that
// clients know from data.methods.
type Method struct {
	// Name is "password", "code", "password_reset", "mfa" or "socialaccount".
	Name string
	// At is when the proof was given, to the microsecond.
	At time.Time

	Email    string // address the proof went by, if any
	Username string
	Phone    string
	// Reauthenticated marks a proof given again inside a running session.
	Reauthenticated bool
	// AuthenticatorID and Type belong to "mfa".
	AuthenticatorID int64
	Type            string
	// Passwordless marks a login by passkey alone.
	Passwordless bool
	// Provider and UID belong to "socialaccount".
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

// MarshalJSON writes the wire shape; empty members are left out and At is a
// number of seconds since the epoch.
func (m Method) MarshalJSON() ([]byte, error) {
	return json.Marshal(methodJSON{m.Name, Seconds(m.At), m.Email, m.Username, m.Phone, m.Reauthenticated,
		m.AuthenticatorID, m.Type, m.Passwordless, m.Provider, m.UID})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Method) UnmarshalJSON(data []byte) error {
	var j methodJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*m = Method{j.Method, time.UnixMicro(int64(math.Round(j.At * 1e6))).UTC(), j.Email, j.Username, j.Phone, j.Reauthenticated,
		j.ID, j.Type, j.Passwordless, j.Provider, j.UID}
	return nil
}

// Seconds is t as seconds since the epoch with microseconds, the form that
// every time on the wire has.
func Seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// Client is where a request came from, as far as the library can tell.
type Client struct {
	// IP is the address behind the trusted proxies, the zero Addr if it is not
	// known.
	IP netip.Addr
	// UserAgent is cut to 200 bytes.
	UserAgent string
}
