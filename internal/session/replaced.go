package session

import (
	"encoding/json"
	"time"

	"github.com/allauth-go/allauth/sessions"
)

// replacedLifetime is how long a replaced token is kept in mind: longer than a
// request is under way that was sent before its client learned of the new one.
const replacedLifetime = time.Minute

// replacement is the data of the row that keeps a replaced token in mind.
type replacement struct {
	// Session is the id of the session that has another token now, Kind what
	// carried the old one.
	Session string `json:"session"`
	Kind    string `json:"kind"`
	// Continues is true if what the client did in the session goes on under the
	// new token.
	Continues bool `json:"continues"`
}

// replaced is the row that keeps the token of the session in mind, which is about
// to get another one. The old token still ends the session, and nothing more.
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

// successor returns the id of the session that goes on under another token than
// the one that is shown.
func successor(row *sessions.Row, shown Shown) (id string, ok bool) {
	var r replacement
	if row.Kind != kindReplaced || json.Unmarshal(row.Data, &r) != nil || r.Kind != shown.kind || !r.Continues {
		return "", false
	}
	return r.Session, true
}
