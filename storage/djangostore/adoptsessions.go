package djangostore

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/session"
)

// AdoptedSessions is the result of AdoptSessions.
type AdoptedSessions struct {
	// Adopted are sessions that go on. Known were adopted before.
	Adopted, Known int
	// Anonymous are sessions without a logged-in user, also those whose login waits for a
	// second factor. Ended are those of users who are disabled, deleted or have another
	// password since. Unreadable have another serializer, or were signed with another key.
	Anonymous, Ended, Unreadable int
}

// AdoptSessions lets the open sessions of Django go on, if SESSION_ENGINE is the database
// and SESSION_SERIALIZER JSON: apps and browsers keep their session keys. Set
// sessions.Config.DjangoKeys, and CookieName to the SESSION_COOKIE_NAME of the site.
// secretKeys are SECRET_KEY and SECRET_KEY_FALLBACKS. It works in batches and can be called
// again. A session that ends is deleted in Django's table, too.
func (s *Store) AdoptSessions(ctx context.Context, secretKeys ...string) (result AdoptedSessions, err error) {
	t, err := s.read(ctx)
	if err != nil || !t.sessions {
		return result, err
	}
	if len(secretKeys) == 0 {
		return result, errors.New("djangostore: there is no secret key; pass SECRET_KEY and SECRET_KEY_FALLBACKS")
	}
	now := s.cfg.Now()
	if _, err := s.exec(ctx, "forget ended sessions", `DELETE FROM {django_sessions} WHERE NOT EXISTS (SELECT 1 FROM {sessions} s WHERE s.token_hash = {django_sessions}.token_hash)`); err != nil {
		return result, err
	}
	for last := ""; ; {
		list, err := rows(ctx, s, "read sessions of Django", fmt.Sprintf(`SELECT session_key, session_data, %s FROM django_session
			WHERE session_key > ? AND expire_date > ? ORDER BY session_key LIMIT %d`, s.timeColumn("expire_date"), batch), []any{last, s.timeValue(now)}, scanDjangoSession)
		if err != nil || len(list) == 0 {
			return result, err
		}
		for _, d := range list {
			last = d.key
			if err := s.adoptSession(ctx, d, secretKeys, now, &result); err != nil {
				return result, err
			}
		}
	}
}

// djangoSession is a row of django_session.
type djangoSession struct {
	key, data string
	expires   time.Time
}

func scanDjangoSession(scan func(...any) error) (d djangoSession, err error) {
	var expires stored
	err = scan(&d.key, &d.data, &expires)
	d.expires = expires.Time
	return d, err
}

// sessionValues are what a session of Django holds, as far as the library needs it.
type sessionValues struct {
	UserID  string         `json:"_auth_user_id"`
	Hash    string         `json:"_auth_user_hash"`
	Methods []authn.Method `json:"account_authentication_methods"`
}

func (s *Store) adoptSession(ctx context.Context, d djangoSession, secretKeys []string, now time.Time, result *AdoptedSessions) error {
	var values sessionValues
	text, ok := readSession(d.data, secretKeys)
	if !ok || json.Unmarshal(text, &values) != nil {
		result.Unreadable++
		return nil
	}
	if values.UserID == "" {
		result.Anonymous++
		return nil
	}
	userID := s.userID(values.UserID)
	user, err := s.UserByID(ctx, userID)
	if errors.Is(err, authn.ErrNotFound) {
		result.Ended++
		return nil
	}
	if err != nil {
		return err
	}
	key, _ := s.key(userID) // the user was found by it
	var password string
	if err := s.row(ctx, "load password", `SELECT [password] FROM {users} WHERE [id] = ?key`, []any{key}, &password); err != nil {
		return err
	}
	if user.Disabled || !isSessionHash(values.Hash, password, secretKeys) {
		result.Ended++
		return nil
	}
	created := now
	for _, m := range values.Methods {
		if !m.At.IsZero() && m.At.Before(created) {
			created = m.At
		}
	}
	row, err := session.Adopted(d.key, userID, fingerprint(password), values.Methods, created, now, d.expires)
	if err != nil {
		return err
	}
	err = s.atomically(ctx, func(ctx context.Context) error {
		if err := s.Store.CreateSession(ctx, row); err != nil {
			return err
		}
		_, err := s.exec(ctx, "adopt session", `INSERT INTO {django_sessions} (token_hash, session_key, user_id, session_id) VALUES (?, ?, ?, ?)
			ON CONFLICT (token_hash) DO UPDATE SET session_id = excluded.session_id, user_id = excluded.user_id`, row.TokenHash, d.key, userID, row.ID)
		return err
	})
	switch {
	case errors.Is(err, authn.ErrConflict):
		result.Known++
		return nil
	case err == nil:
		result.Adopted++
	}
	return err
}

// fingerprint is that of internal/accounts, by which a session ends when the password
// changes.
func fingerprint(hash string) string {
	if !usable(hash) {
		return ""
	}
	sum := sha256.Sum256([]byte(hash))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// saltedHMAC is salted_hmac of django.utils.crypto.
func saltedHMAC(salt, value, secret string) []byte {
	key := sha256.Sum256([]byte(salt + secret))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(value))
	return mac.Sum(nil)
}

// isSessionHash reports whether a session was opened with that password column.
func isSessionHash(hash, password string, secretKeys []string) bool {
	for _, secret := range secretKeys {
		expected := hex.EncodeToString(saltedHMAC("django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", password, secret))
		if hmac.Equal([]byte(hash), []byte(expected)) {
			return true
		}
	}
	return false
}

// maxSession is the largest size of a session that is read, in bytes.
const maxSession = 1 << 20

// sessionSalt is the salt with which the database backend signs sessions.
const sessionSalt = "django.contrib.sessions.SessionStore"

// readSession verifies and decodes session_data: base64, with a dot before it if it is
// compressed, the time and the signature, separated by colons.
func readSession(data string, secretKeys []string) ([]byte, bool) {
	end := strings.LastIndexByte(data, ':')
	if end < 0 {
		return nil, false
	}
	signed, signature := data[:end], data[end+1:]
	valid := false
	for _, secret := range secretKeys {
		expected := base64.RawURLEncoding.EncodeToString(saltedHMAC(sessionSalt+"signer", signed, secret))
		valid = valid || hmac.Equal([]byte(signature), []byte(expected))
	}
	payload, _, found := strings.Cut(signed, ":")
	if !valid || !found {
		return nil, false
	}
	encoded, compressed := strings.CutPrefix(payload, ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !compressed {
		return text, err == nil
	}
	reader, err := zlib.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, false
	}
	text, err = io.ReadAll(io.LimitReader(reader, maxSession))
	return text, err == nil
}
