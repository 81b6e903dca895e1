package factors

import (
	"context"
	"errors"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// CheckMayAddKey returns ErrUnverifiedEmail if the logged-in user has to verify an
// email address before they can add a key, and ErrTooManyKeys if they have as many
// keys as allowed.
func (s *Service) CheckMayAddKey(ctx context.Context, sess *login.Session) error {
	blocked, err := s.mustVerifyEmail(ctx, sess)
	if err == nil && blocked {
		return ErrUnverifiedEmail
	}
	if err != nil {
		return err
	}
	rows, err := s.rows(ctx, enrollerID(sess))
	if err != nil {
		return err
	}
	if countKeys(rows) >= s.cfg.MaxKeys {
		return ErrTooManyKeys
	}
	return nil
}

// KeyCreationOptions issues a challenge and returns the options with which the browser
// of the logged-in user, whom CheckMayAddKey has accepted, creates a key. Returns
// work.ErrNotPending if no upgrade is possible.
func (s *Flows) KeyCreationOptions(ctx context.Context, sess *login.Session, kind webauthn.Kind) (*webauthn.CreationOptions, error) {
	if err := s.mayEnroll(ctx, sess); err != nil {
		return nil, err
	}
	if kind == webauthn.Upgrade {
		if err := s.checkUpgrade(ctx, sess); err != nil {
			return nil, err
		}
	}
	id, err := s.enroller(ctx, sess)
	if err != nil {
		return nil, err
	}
	return s.creationOptions(ctx, sess, ceremonyAdd, id, kind)
}

// AddKey adds the key whose response to KeyCreationOptions this is. The route has called
// CheckMayAddKey, which is called again in the transaction. It reports whether
// the user's first recovery codes were generated, too. An empty name is replaced by a
// default. A login that waits for it is resumed. Returns authn.Errors for a wrong response,
// which consumes the challenge as well, and work.ErrNotPending for the second passkey of an
// upgrade.
func (s *Flows) AddKey(ctx context.Context, sess *login.Session, name string, response []byte) (key *Key, codesGenerated bool, err error) {
	userID := enrollerID(sess)
	credential, counter, err := s.verifyRegistration(ctx, sess, ceremonyAdd, userID, response)
	if err != nil {
		return nil, false, s.registrationProblem(ctx, err)
	}
	err = s.enroll(ctx, sess, func(ctx context.Context) error {
		// Check again: another request may have added an address or a key meanwhile.
		if err := s.CheckMayAddKey(ctx, sess); err != nil {
			return err
		}
		if credential.Silent {
			if err := s.spendUpgrade(ctx, sess); err != nil {
				return err
			}
		}
		if key, err = s.storeKey(ctx, userID, name, credential, counter); err != nil {
			return err
		}
		if credential.Silent {
			return s.announceUpgrade(ctx, sess, &key.Authenticator)
		}
		if codesGenerated, err = s.announceAdded(ctx, sess, &key.Authenticator, "mfa/webauthn_added"); err != nil {
			return err
		}
		return s.passEnroll(ctx, sess, &key.Authenticator)
	})
	if err != nil {
		return nil, false, s.registrationProblem(ctx, err)
	}
	return key, codesGenerated, nil
}

// OwnKey returns the key that the logged-in user's clients know by that id, or
// authn.ErrNotFound.
func (s *Service) OwnKey(ctx context.Context, sess *login.Session, wireID int64) (*Key, error) {
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	i := slices.Index(wireIDs(rows), wireID)
	if i < 0 || rows[i].Type != mfa.WebAuthn {
		return nil, authn.ErrNotFound
	}
	key, err := s.key(&rows[i])
	return s.view(rows[i], wireID, key), err
}

// RenameKey changes the name of a key of the logged-in user. Returns authn.Errors if
// the user has no such key, work.ErrNotPending if another request changed it at the
// same time.
func (s *Flows) RenameKey(ctx context.Context, sess *login.Session, wireID int64, name string) (*Key, error) {
	if _, err := s.OwnKey(ctx, sess, wireID); err != nil {
		return nil, unknownKey(err)
	}
	var key *Key
	err := s.changeRecent(ctx, sess, func(ctx context.Context) (err error) {
		if key, err = s.OwnKey(ctx, sess, wireID); err != nil {
			return err
		}
		key.Name = name
		return s.store.UpdateAuthenticator(ctx, key.Authenticator)
	})
	if errors.Is(err, authn.ErrConflict) {
		return nil, work.ErrNotPending // another request used the key meanwhile
	}
	return key, unknownKey(err)
}

// RemoveKeys removes keys of the logged-in user. Returns authn.Errors, and removes
// none, if one of the ids is not that of a key of the user, or if the user could not
// log in without the keys.
func (s *Flows) RemoveKeys(ctx context.Context, sess *login.Session, wireIDList []int64) error {
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return err
	}
	ids := make([]int64, len(wireIDList))
	for n, wireID := range wireIDList {
		i := slices.Index(wireIDs(rows), wireID)
		if i < 0 || rows[i].Type != mfa.WebAuthn {
			return problem.List("authenticators", code.InvalidChoice)
		}
		ids[n] = rows[i].ID
	}
	return s.changeRecent(ctx, sess, func(ctx context.Context) error {
		lastWayIn, err := s.pipeline.LocksOut(ctx, sess.UserID(), func() error {
			chosen := func(a mfa.Authenticator) bool { return a.Type == mfa.WebAuthn && slices.Contains(ids, a.ID) }
			return s.remove(ctx, sess, chosen, func(a mfa.Authenticator) error {
				return s.notify(ctx, sess, "mfa/webauthn_removed", a.Name)
			})
		})
		if err == nil && lastWayIn {
			return problem.List("authenticators", code.CannotDeleteAuthenticator)
		}
		return err
	})
}

// unknownKey returns the client's problem for authn.ErrNotFound, and other errors as
// they are.
func unknownKey(err error) error {
	if errors.Is(err, authn.ErrNotFound) {
		return problem.List("id", code.InvalidChoice)
	}
	return err
}
