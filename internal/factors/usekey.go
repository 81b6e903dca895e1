package factors

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
	"github.com/allauth-go/allauth/ratelimit"
)

// KeyRequestOptions issues a challenge for the keys of the user whose login waits for a
// second factor. Returns work.ErrStageNotPending if no login waits.
func (s *Service) KeyRequestOptions(ctx context.Context, sess *login.Session) (*webauthn.RequestOptions, error) {
	userID, err := s.pendingUser(sess)
	if err != nil {
		return nil, err
	}
	return s.requestOptions(ctx, sess, ceremonyAuthenticate, userID)
}

// KeyReauthenticationOptions issues a challenge for the keys of the logged-in user.
func (s *Service) KeyReauthenticationOptions(ctx context.Context, sess *login.Session) (*webauthn.RequestOptions, error) {
	return s.requestOptions(ctx, sess, ceremonyReauthenticate, sess.UserID())
}

// PasskeyRequestOptions issues a challenge for any passkey. A browser gets a signed one.
// For an app the challenge is stored in the session and replaces an earlier one;
// requests without a session count against the limit of
// ratelimit.ActionRequestPasskey.
func (s *Service) PasskeyRequestOptions(ctx context.Context, sess *login.Session) (*webauthn.RequestOptions, error) {
	if sess.Kind == login.Browser {
		challenge, err := s.signChallenge(sess)
		if err != nil {
			return nil, err
		}
		options := s.keys.RequestOptions(challenge, nil, true)
		return &options, nil
	}
	if sess.RowID == "" {
		if _, err := s.deps.Limits.Take(ctx, ratelimit.ActionRequestPasskey, ratelimit.Subject{IP: sess.Client.IP}); err != nil {
			return nil, err
		}
	}
	return s.requestOptions(ctx, sess, ceremonyLogin, "")
}

// requestOptions issues a challenge for the user's keys. If userID is empty, any
// passkey can sign it, with user verification; the assertion names the user.
func (s *Service) requestOptions(ctx context.Context, sess *login.Session, c ceremony, userID string) (*webauthn.RequestOptions, error) {
	var keys []webauthn.Credential
	if userID != "" {
		rows, err := s.activeRows(ctx, userID)
		if err == nil {
			keys, _, err = s.keysOf(rows)
		}
		if err != nil {
			return nil, err
		}
	}
	challenge, err := s.issueChallenge(ctx, sess, c, userID, challengeData{})
	if err != nil {
		return nil, err
	}
	options := s.keys.RequestOptions(challenge, keys, userID == "")
	return &options, nil
}

// AuthenticateByKey verifies the assertion of a key and resumes the login that waits
// for a second factor. Afterwards sess shows whether the user is logged in. Returns
// work.ErrStageNotPending if no login waits, authn.Errors for a wrong assertion, which
// consumes the challenge as well.
func (s *Flows) AuthenticateByKey(ctx context.Context, sess *login.Session, response []byte) error {
	userID, err := s.pendingUser(sess)
	if err != nil {
		return err
	}
	return s.authenticateByAssertion(ctx, sess, ceremonyAuthenticate, userID, response, func(ctx context.Context, a *mfa.Authenticator) error {
		sess.AddMethod(userID, s.keyMethod(a))
		return s.pipeline.Pass(ctx, sess, login.StageMFAAuthenticate)
	})
}

// ReauthenticateByKey verifies the assertion of a key of the logged-in user. Returns
// authn.Errors for a wrong assertion.
func (s *Flows) ReauthenticateByKey(ctx context.Context, sess *login.Session, response []byte) error {
	return s.authenticateByAssertion(ctx, sess, ceremonyReauthenticate, sess.UserID(), response, func(_ context.Context, a *mfa.Authenticator) error {
		method := s.keyMethod(a)
		method.Reauthenticated = true
		sess.AddMethod(a.UserID, method)
		return nil
	})
}

// LogInByPasskey verifies the assertion of a passkey and starts a login of its user.
// The login needs no second factor: the passkey is one factor, and its user
// verification is another. Afterwards sess shows whether the user is logged in. Returns
// authn.Errors for a wrong assertion.
func (s *Flows) LogInByPasskey(ctx context.Context, sess *login.Session, response []byte) error {
	return s.authenticateByAssertion(ctx, sess, ceremonyLogin, "", response, func(ctx context.Context, a *mfa.Authenticator) error {
		method := s.keyMethod(a)
		method.Passwordless = true
		if sess.Authenticated() && sess.UserID() == a.UserID {
			sess.AddMethod(a.UserID, method)
			return nil
		}
		if sess.Authenticated() {
			s.accounts.Logout(ctx, sess)
		}
		sess.AddMethod(a.UserID, method)
		attempt := login.Attempt{UserID: a.UserID}
		attempt.Passkey = true
		return s.pipeline.Start(ctx, sess, attempt)
	})
}

func (s *Service) keyMethod(a *mfa.Authenticator) authn.Method {
	return authn.Method{Name: "mfa", At: s.deps.Now(), AuthenticatorID: a.ID, Type: string(a.Type)}
}

// authenticateByAssertion verifies the assertion of a key and calls then, in one
// transaction. The attempt is counted before the assertion is verified, and the challenge
// is consumed whether or not the assertion is valid. Without userID the attempt counts against the client's IP
// address only, so that no client can use up the attempts of another user.
func (s *Flows) authenticateByAssertion(ctx context.Context, sess *login.Session, c ceremony, userID string, response []byte, then func(context.Context, *mfa.Authenticator) error) error {
	assertion, err := webauthn.ParseAssertion(response)
	if err != nil {
		return s.assertionProblem(ctx, sess, userID, err)
	}
	attempt, err := s.countAttempt(ctx, sess, userID, "credential")
	if err != nil {
		return err
	}
	challenge := assertion.Challenge()
	signed := c == ceremonyLogin && sess.Kind == login.Browser
	if signed {
		err = s.checkSignedChallenge(sess, challenge)
	} else {
		_, err = s.consumeChallenge(ctx, sess, c, userID, challenge)
	}
	if err != nil {
		return s.assertionProblem(ctx, sess, userID, err)
	}
	used := mfa.AuthenticatorUsed{Type: mfa.WebAuthn, Reauthenticated: c == ceremonyReauthenticate, Passwordless: c == ceremonyLogin}
	var cloned, key *mfa.Authenticator
	err = s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) error {
		if signed {
			if err := s.spendChallenge(ctx, challenge); err != nil {
				return err
			}
		}
		row, first, err := s.verifyAssertion(ctx, assertion, challenge, userID)
		if errors.Is(err, webauthn.ErrCloned) {
			cloned = row
		}
		if signed && errors.Is(err, webauthn.ErrRejected) {
			work.Refuse(ctx, err) // the challenge stays consumed
			return nil
		}
		if err != nil {
			return err
		}
		key, used.ID = row, row.ID
		if err := then(ctx, row); err != nil {
			return err
		}
		if first {
			if err := s.pipeline.EndOtherSessions(ctx, sess, row.UserID); err != nil {
				return err
			}
		}
		work.Emit(ctx, row.UserID, used)
		return nil
	})
	if cloned != nil {
		work.Emit(ctx, cloned.UserID, mfa.KeyCloned{ID: cloned.ID})
	}
	if err != nil {
		if !errors.Is(err, webauthn.ErrRejected) {
			work.Afterwards(ctx, attempt.Refund) // the server failed, not the assertion
		}
		return s.assertionProblem(ctx, sess, userID, err)
	}
	s.renewAfterwards(ctx, key.UserID)
	s.clearFailures(ctx, attempt, userID)
	return nil
}

// verifyAssertion finds the key of the assertion, verifies the assertion and stores the
// use of the key. If userID is empty, the key must be a passkey, and the assertion must
// name the user. With webauthn.ErrCloned it returns the row, too. first is true if the key,
// the passkey of an upgrade, has just become the user's first second factor.
func (s *Service) verifyAssertion(ctx context.Context, assertion *webauthn.Assertion, challenge []byte, userID string) (row *mfa.Authenticator, first bool, err error) {
	row, err = s.store.AuthenticatorByClaim(ctx, keyClaim(assertion.CredentialID()))
	if errors.Is(err, authn.ErrNotFound) && assertion.IsFor(s.keys) {
		return nil, false, errUnknownKey
	}
	if errors.Is(err, authn.ErrNotFound) {
		return nil, false, fmt.Errorf("the assertion is not for this relying party: %w", webauthn.ErrRejected)
	}
	if err != nil {
		return nil, false, fmt.Errorf("look up key: %w", err)
	}
	if userID != "" && row.UserID != userID {
		return nil, false, fmt.Errorf("the key belongs to another user: %w", webauthn.ErrRejected)
	}
	key, err := s.key(row)
	if err != nil {
		return nil, false, err
	}
	passkey := userID == ""
	switch {
	case passkey && (!isPasskey(&key.Credential) || !assertion.NamesUser()):
		return nil, false, fmt.Errorf("the key is not a passkey, or the assertion has no user handle: %w", webauthn.ErrRejected)
	case !passkey && key.Silent:
		return nil, false, fmt.Errorf("the key is the passkey of an upgrade before its first login: %w", webauthn.ErrRejected)
	}
	updated, counter, err := s.keys.Assert(assertion, challenge, key.Credential, uint32(row.Counter), passkey)
	if err != nil {
		return row, false, err
	}
	backupChanged := key.Flags != nil && key.BackupEligible() != updated.BackupEligible()
	key.Credential, row.Counter = updated, int64(counter)
	if key.Silent {
		if key.Silent, first, err = s.staysSilent(ctx, row.UserID); err != nil {
			return nil, false, err
		}
	}
	if err := s.seal(row, key); err != nil {
		return nil, false, err
	}
	err = s.saveUse(ctx, row)
	if errors.Is(err, authn.ErrConflict) || errors.Is(err, authn.ErrNotFound) {
		return nil, false, fmt.Errorf("another request used the key at the same time: %w", webauthn.ErrRejected)
	}
	if err == nil && backupChanged {
		work.Emit(ctx, row.UserID, mfa.KeyBackupChanged{ID: row.ID, BackupEligible: updated.BackupEligible()})
	}
	return row, first, err
}

// assertionProblem publishes the failure and returns the client's problem if err means
// that an assertion was rejected, and returns err otherwise.
func (s *Service) assertionProblem(ctx context.Context, sess *login.Session, userID string, err error) error {
	if !errors.Is(err, webauthn.ErrRejected) {
		return err
	}
	s.deps.Logger.DebugContext(ctx, "security key rejected", "error", err)
	if userID != "" {
		work.Emit(ctx, userID, mfa.AuthenticationFailed{Type: mfa.WebAuthn, Reauthentication: sess.Authenticated()})
	}
	if s.cfg.PasskeySignalsEnabled && errors.Is(err, errUnknownKey) {
		return problem.List("credential", code.UnknownCredential)
	}
	return problem.List("credential", code.IncorrectCode)
}
