package session

import (
	"encoding/json"
	"time"

	"github.com/allauth-go/allauth/sessions"
)

// replacedLifetime is how long a replaced token is stored: longer than a request
// takes that the client sent before it received the new token.
const replacedLifetime = time.Minute

// replacement is the data of the row of a replaced token.
type replacement struct {
	// Session is the id of the session that has a new token, Kind its Row.Kind
	// under the old one.
	Session string `json:"session"`
	Kind    string `json:"kind"`
	// Continues is true if the session continues for the same client under the new
	// token, see login.Session.Continues.
	Continues bool `json:"continues"`
}

// replaced returns a row for the current token of a session that is about to get
// another one. With the old token a client can only end the session.
func (m *Manager) replaced(a *Active, now time.Time) (*sessions.Row, error) {
	data, err := json.Marshal(replacement{a.row.ID, a.row.Kind, a.Continues()})
	if err != nil {
		return nil, err
	}
	id, err := randomNumber(m.deps.Rand)
	if err != nil {
		return nil, err
	}
	return &sessions.Row{
		ID: id, TokenHash: a.row.TokenHash, Kind: kindReplaced,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(replacedLifetime), Data: data,
	}, nil
}

// successor returns the id of the session that continues under a new token, if row is
// that of the replaced token in the request.
func successor(row *sessions.Row, shown Shown) (id string, ok bool) {
	var r replacement
	if row.Kind != kindReplaced || json.Unmarshal(row.Data, &r) != nil || r.Kind != shown.kind || !r.Continues {
		return "", false
	}
	return r.Session, true
}
