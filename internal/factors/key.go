package factors

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// Key is a security key or passkey as its owner sees it.
type Key struct {
	mfa.Authenticator
	// Passwordless is true if the key can log its user in by itself, nil if
	// nobody knows.
	Passwordless *bool
}

// keyClaim is the Claim of a key: nobody else can register it.
func keyClaim(credentialID []byte) string {
	sum := sha256.Sum256(credentialID)
	return string(mfa.WebAuthn) + ":" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// key reads a key that is stored.
func (s *Service) key(a *mfa.Authenticator) (*webauthn.Credential, error) {
	var key webauthn.Credential
	return &key, s.open(a, &key)
}

// isPasskey reports whether a key may log its user in by itself.
func isPasskey(key *webauthn.Credential) bool { return key.Passwordless != nil && *key.Passwordless }

// demote makes a key a second factor only.
func (s *Service) demote(ctx context.Context, a *mfa.Authenticator) error {
	key, err := s.key(a)
	if err != nil || !isPasskey(key) {
		return err
	}
	no := false
	key.Passwordless = &no
	if err := s.seal(a, key); err != nil {
		return err
	}
	return s.store.UpdateAuthenticator(ctx, *a)
}

// keysOf returns the ids of the user's keys, and the handle that they share.
func (s *Service) keysOf(ctx context.Context, userID string) (ids [][]byte, handle []byte, err error) {
	rows, err := s.rows(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range rows {
		if a.Type != mfa.WebAuthn {
			continue
		}
		key, err := s.key(&a)
		if err != nil {
			return nil, nil, err
		}
		ids, handle = append(ids, key.ID), key.Handle
	}
	return ids, handle, nil
}

// handleSize is that of the random handle of a user, in bytes.
const handleSize = 32

// creationOptions asks for a new key of the user.
func (s *Service) creationOptions(ctx context.Context, sess *login.Session, c ceremony, id *login.Identity, passwordless bool) (*webauthn.CreationOptions, error) {
	ids, handle, err := s.keysOf(ctx, id.User.ID)
	if err != nil {
		return nil, err
	}
	if len(handle) == 0 {
		handle = make([]byte, handleSize)
		if _, err := io.ReadFull(s.deps.Rand, handle); err != nil {
			return nil, fmt.Errorf("read random bytes: %w", err)
		}
	}
	challenge, err := s.ask(ctx, sess, c, id.User.ID, asked{handle, passwordless})
	if err != nil {
		return nil, err
	}
	options := s.keys.CreationOptions(challenge, userOf(id, handle), ids, passwordless)
	return &options, nil
}

// userOf is what an authenticator shows of a user.
func userOf(id *login.Identity, handle []byte) webauthn.User {
	user := webauthn.User{Handle: handle, DisplayName: id.User.Display}
	for _, text := range []string{id.Email, id.User.Username, id.User.ID} {
		if user.Name == "" {
			user.Name = text
		}
	}
	for _, text := range []string{id.User.Username, id.Email, id.User.ID} {
		if user.DisplayName == "" {
			user.DisplayName = text
		}
	}
	return user
}

// verifyNew verifies the answer of a new key. Its challenge is used up in any
// case.
func (s *Service) verifyNew(ctx context.Context, sess *login.Session, c ceremony, userID string, answer []byte) (*webauthn.Credential, uint32, error) {
	registration, err := webauthn.ParseRegistration(answer)
	if err != nil {
		return nil, 0, err
	}
	challenge := registration.Challenge()
	a, err := s.spend(ctx, sess, c, userID, challenge)
	if err != nil {
		return nil, 0, err
	}
	return s.keys.Register(registration, challenge, webauthn.User{Handle: a.Handle}, a.Passwordless)
}

// storeKey stores a new key; it runs in a transaction. authn.ErrConflict if
// somebody has registered it before.
func (s *Service) storeKey(ctx context.Context, userID, name string, key *webauthn.Credential, counter uint32) (*Key, error) {
	name, err := s.keyName(ctx, userID, name)
	if err != nil {
		return nil, err
	}
	row := &mfa.Authenticator{UserID: userID, Type: mfa.WebAuthn, Name: name, Claim: keyClaim(key.ID), Counter: int64(counter)}
	if err := s.create(ctx, row, key); err != nil {
		return nil, err
	}
	return &Key{*row, key.Passwordless}, nil
}

// keyName is the name of a new key: the chosen one, or one by the number of
// those that there are.
func (s *Service) keyName(ctx context.Context, userID, chosen string) (string, error) {
	if chosen != "" {
		return chosen, nil
	}
	ids, _, err := s.keysOf(ctx, userID)
	if err != nil {
		return "", err
	}
	switch n := len(ids); n {
	case 0:
		return "Master key", nil
	case 1:
		return "Backup key", nil
	default:
		return fmt.Sprintf("Key nr. %d", n+1), nil
	}
}

// explainNew turns what can be wrong with a new key into the client's problem.
func (s *Service) explainNew(ctx context.Context, err error) error {
	if errors.Is(err, webauthn.ErrRejected) || errors.Is(err, authn.ErrConflict) {
		s.deps.Logger.DebugContext(ctx, "security key rejected", "error", err)
		return problem.List("", code.IncorrectCode)
	}
	return err
}
