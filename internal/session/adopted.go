package session

import (
	"crypto/rand"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/sessions"
)

// Adopted returns the row of a session that another system has opened for a user, who keeps
// its key as the token. authHash is the fingerprint of the password.
func Adopted(key, userID, authHash string, methods []authn.Method, created, seen, expires time.Time) (sessions.Row, error) {
	id, err := randomNumber(rand.Reader)
	if err != nil {
		return sessions.Row{}, err
	}
	data, err := codec{}.Encode(expires, map[string]any{stateKey: login.State{UserID: userID, Methods: methods, MethodsOf: userID}})
	return sessions.Row{
		ID: id, TokenHash: hash(key), Kind: kindDjango, UserID: userID, AuthHash: authHash,
		CreatedAt: created, LastSeenAt: seen, ExpiresAt: expires, Data: data,
	}, err
}
