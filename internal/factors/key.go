package factors

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/wireid"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// Key is a security key or passkey as its owner sees it.
type Key struct {
	mfa.Authenticator
	// WireID is the id by which clients know the key.
	WireID int64
	// Passwordless is true for a passkey, which logs its user in by itself. Nil
	// means unknown.
	Passwordless *bool
	*KeySignals
}

// KeySignals is what clients tell password managers about a key. It is nil unless
// Config.PasskeySignalsEnabled is set.
type KeySignals struct {
	CredentialID webauthn.Bytes `json:"credential_id"`
	UserHandle   webauthn.Bytes `json:"user_handle"`
	RPID         string         `json:"rp_id"`
	AAGUID       string         `json:"aaguid,omitempty"`
	AAGUIDName   string         `json:"aaguid_name,omitempty"`
	// BackedUp is nil if it is unknown.
	BackedUp *bool `json:"backed_up,omitempty"`
}

// view returns a stored key as its owner sees it.
func (s *Service) view(row mfa.Authenticator, wireID int64, key *storedKey) *Key {
	shown := &Key{row, wireID, key.Passwordless, nil}
	if s.cfg.PasskeySignalsEnabled && s.keys != nil {
		shown.KeySignals = &KeySignals{
			CredentialID: key.ID, UserHandle: key.Handle, RPID: s.keys.ID(),
			AAGUID: key.AAGUIDText(), AAGUIDName: key.Provider(), BackedUp: key.BackedUp(),
		}
	}
	return shown
}

// keyClaim returns the Claim of a key, so that only one user can register it.
func keyClaim(credentialID []byte) string {
	sum := sha256.Sum256(credentialID)
	return string(mfa.WebAuthn) + ":" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// storedKey is the encrypted part of a stored key.
type storedKey struct {
	webauthn.Credential
	// Silent is true for the passkey of an upgrade, which the browser created without
	// asking the user. It is no second factor before its first login.
	Silent bool `json:"silent,omitempty"`
}

// key decrypts a stored key.
func (s *Service) key(a *mfa.Authenticator) (*storedKey, error) {
	var key storedKey
	return &key, s.open(a, &key)
}

// isSilent reports whether an authenticator is the passkey of an upgrade before its first
// login. One that cannot be read is not.
func (s *Service) isSilent(a mfa.Authenticator) bool {
	if a.Type != mfa.WebAuthn {
		return false
	}
	key, err := s.key(&a)
	return err == nil && key.Silent
}

// isPasskey reports whether a key may log its user in without another factor.
func isPasskey(key *webauthn.Credential) bool { return key.Passwordless != nil && *key.Passwordless }

// demote stores that a passkey no longer logs its user in by itself. It remains a
// second factor.
func (s *Service) demote(ctx context.Context, a *mfa.Authenticator) error {
	key, err := s.key(a)
	if err != nil || !isPasskey(&key.Credential) {
		return err
	}
	no := false
	key.Passwordless = &no
	if err := s.seal(a, key); err != nil {
		return err
	}
	return s.store.UpdateAuthenticator(ctx, *a)
}

// keysOf returns the keys among a user's authenticators, and the user handle that they
// share.
func (s *Service) keysOf(rows []mfa.Authenticator) (keys []webauthn.Credential, handle []byte, err error) {
	for _, a := range rows {
		if a.Type != mfa.WebAuthn {
			continue
		}
		key, err := s.key(&a)
		if err != nil {
			return nil, nil, err
		}
		keys, handle = append(keys, key.Credential), key.Handle
	}
	return keys, handle, nil
}

const (
	// handleSize is the size of a random user handle, in bytes.
	handleSize = 32
	// maxHandleSize is that of the largest one (W3C Web Authentication, section 5.4.3).
	maxHandleSize = 64
)

// creationOptions issues a challenge and returns the options with which the user's
// browser creates a key.
func (s *Service) creationOptions(ctx context.Context, sess *login.Session, c ceremony, id *login.Identity, kind webauthn.Kind) (*webauthn.CreationOptions, error) {
	rows, err := s.rows(ctx, id.User.ID)
	if err != nil {
		return nil, err
	}
	keys, handle, err := s.keysOf(rows)
	if err != nil {
		return nil, err
	}
	if len(handle) == 0 && s.cfg.WebAuthnUserHandle != nil {
		handle, err = s.cfg.WebAuthnUserHandle(ctx, id.User.ID)
		if err == nil && len(handle) > maxHandleSize {
			err = fmt.Errorf("MFA.WebAuthnUserHandle returns %d bytes, at most %d are allowed", len(handle), maxHandleSize)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(handle) == 0 {
		if handle, err = keyring.RandomBytes(s.deps.Rand, handleSize); err != nil {
			return nil, err
		}
	}
	challenge, err := s.issueChallenge(ctx, sess, c, id.User.ID, dataOf(handle, kind))
	if err != nil {
		return nil, err
	}
	options := s.keys.CreationOptions(challenge, userOf(id, handle), keys, kind)
	return &options, nil
}

// userOf returns the names that an authenticator shows for a user.
func userOf(id *login.Identity, handle []byte) webauthn.User {
	return webauthn.User{
		Handle:      handle,
		Name:        cmp.Or(id.Email, id.User.Username, id.User.ID),
		DisplayName: cmp.Or(id.User.Display, id.User.Username, id.Email, id.User.ID),
	}
}

// verifyRegistration verifies the response of a new key and returns the key and its
// signature counter. A well-formed response always consumes the pending challenge.
func (s *Service) verifyRegistration(ctx context.Context, sess *login.Session, c ceremony, userID string, response []byte) (*storedKey, uint32, error) {
	registration, err := webauthn.ParseRegistration(response)
	if err != nil {
		return nil, 0, err
	}
	challenge := registration.Challenge()
	issued, err := s.consumeChallenge(ctx, sess, c, userID, challenge)
	if err != nil {
		return nil, 0, err
	}
	made, counter, err := s.keys.Register(registration, challenge, webauthn.User{Handle: issued.Handle}, issued.kind())
	if err != nil {
		return nil, 0, err
	}
	if issued.Upgrade && !isPasskey(made) {
		return nil, 0, fmt.Errorf("the key of an upgrade is not discoverable: %w", webauthn.ErrRejected)
	}
	return &storedKey{*made, issued.Upgrade}, counter, nil
}

// storeKey stores a new key. It runs in a transaction. Returns authn.ErrConflict if a
// user has registered the key before.
func (s *Service) storeKey(ctx context.Context, userID, name string, key *storedKey, counter uint32) (*Key, error) {
	name, err := s.keyName(ctx, userID, name, &key.Credential)
	if err != nil {
		return nil, err
	}
	row := &mfa.Authenticator{UserID: userID, Type: mfa.WebAuthn, Name: name, Claim: keyClaim(key.ID), Counter: int64(counter)}
	if err := s.create(ctx, row, key); err != nil {
		return nil, err
	}
	wireID, err := s.newWireID(ctx, row)
	return s.view(*row, wireID, key), err
}

// wireIDs returns the ids by which clients know the authenticators of a user.
func wireIDs(rows []mfa.Authenticator) []int64 {
	ids := make([]int64, len(rows))
	for i, a := range rows {
		ids[i] = a.ID
	}
	return wireid.Of(ids...)
}

// newWireID returns the id by which clients know an authenticator that was just stored.
// It reads the user's others only if theirs matter.
func (s *Service) newWireID(ctx context.Context, a *mfa.Authenticator) (int64, error) {
	if a.ID <= wireid.Max {
		return wireid.Of(a.ID)[0], nil
	}
	rows, err := s.rows(ctx, a.UserID)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(rows, func(row mfa.Authenticator) bool { return row.ID == a.ID })
	if i < 0 {
		return 0, authn.ErrNotFound
	}
	return wireIDs(rows)[i], nil
}

// keyName returns the name of a new key: the chosen one, or else that of its provider, or
// else a default that depends on how many keys the user has.
func (s *Service) keyName(ctx context.Context, userID, chosen string, key *webauthn.Credential) (string, error) {
	if chosen != "" {
		return chosen, nil
	}
	rows, err := s.rows(ctx, userID)
	if err != nil {
		return "", err
	}
	if provider := key.Provider(); provider != "" {
		return freeName(rows, provider), nil
	}
	switch n := countKeys(rows); n {
	case 0:
		return "Master key", nil
	case 1:
		return "Backup key", nil
	default:
		return fmt.Sprintf("Key nr. %d", n+1), nil
	}
}

// freeName returns the name, with a number if a key of the user has it.
func freeName(rows []mfa.Authenticator, name string) string {
	free := name
	for n := 2; slices.ContainsFunc(rows, func(a mfa.Authenticator) bool { return a.Name == free }); n++ {
		free = fmt.Sprintf("%s %d", name, n)
	}
	return free
}

// registrationProblem returns the client's problem if err means that a new key was
// rejected or is registered already, and err otherwise.
func (s *Service) registrationProblem(ctx context.Context, err error) error {
	if errors.Is(err, webauthn.ErrRejected) || errors.Is(err, authn.ErrConflict) {
		s.deps.Logger.DebugContext(ctx, "security key rejected", "error", err)
		return problem.List("", code.IncorrectCode)
	}
	return err
}
