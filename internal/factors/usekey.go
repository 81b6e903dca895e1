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

// KeyRequestOptions asks for an answer of one of the keys of whoever's login
// waits for a second factor. work.ErrStageNotPending if none waits.
func (s *Service) KeyRequestOptions(ctx context.Context, sess *login.Session) (*webauthn.RequestOptions, error) {
	userID, err := s.pendingUser(sess)
	if err != nil {
		return nil, err
	}
	return s.requestOptions(ctx, sess, ceremonyAuthenticate, userID)
}

// KeyReauthenticationOptions asks for an answer of one of the keys of whoever is
// logged in.
func (s *Service) KeyReauthenticationOptions(ctx context.Context, sess *login.Session) (*webauthn.RequestOptions, error) {
	if !sess.Authenticated() {
		return nil, work.ErrUnauthenticated
	}
	return s.requestOptions(ctx, sess, ceremonyReauthenticate, sess.UserID())
}

// PasskeyRequestOptions asks for an answer of any passkey. What is asked in one
// session, or in one browser, takes the place of what was asked before; how often
// clients that have neither may ask is limited.
func (s *Service) PasskeyRequestOptions(ctx context.Context, sess *login.Session) (*webauthn.RequestOptions, error) {
	if sess.RowID == "" {
		earlier, err := s.awaited(ctx, sess, ceremonyLogin, nil)
		if err == nil {
			err = s.codes.Consume(ctx, earlier)
		}
		if errors.Is(err, work.ErrNotPending) {
			_, err = s.deps.Limits.Take(ctx, ratelimit.ActionRequestPasskey, ratelimit.Subject{IP: sess.Client.IP})
		}
		if err != nil {
			return nil, err
		}
	}
	return s.requestOptions(ctx, sess, ceremonyLogin, "")
}

// requestOptions asks for an answer of a key of the user. Without one, the key
// has to tell who they are, and that it is them.
func (s *Service) requestOptions(ctx context.Context, sess *login.Session, c ceremony, userID string) (*webauthn.RequestOptions, error) {
	var ids [][]byte
	if userID != "" {
		var err error
		if ids, _, err = s.keysOf(ctx, userID); err != nil {
			return nil, err
		}
	}
	challenge, err := s.ask(ctx, sess, c, userID, asked{})
	if err != nil {
		return nil, err
	}
	options := s.keys.RequestOptions(challenge, ids, userID == "")
	return &options, nil
}

// AuthenticateByKey goes on with the login that waits for a second factor. The
// session tells the outcome. work.ErrStageNotPending if none waits,
// authn.Errors for a wrong answer; the challenge is used up in any case.
func (s *Flows) AuthenticateByKey(ctx context.Context, sess *login.Session, answer []byte) error {
	userID, err := s.pendingUser(sess)
	if err != nil {
		return err
	}
	return s.authenticateByKey(ctx, sess, ceremonyAuthenticate, userID, answer, func(ctx context.Context, a *mfa.Authenticator) error {
		sess.AddMethod(userID, s.keyMethod(a))
		return s.pipeline.Pass(ctx, sess, login.StageMFAAuthenticate)
	})
}

// ReauthenticateByKey reauthenticates the logged-in user by a key. authn.Errors for a
// wrong answer.
func (s *Flows) ReauthenticateByKey(ctx context.Context, sess *login.Session, answer []byte) error {
	if !sess.Authenticated() {
		return work.ErrUnauthenticated
	}
	return s.authenticateByKey(ctx, sess, ceremonyReauthenticate, sess.UserID(), answer, func(_ context.Context, a *mfa.Authenticator) error {
		method := s.keyMethod(a)
		method.Reauthenticated = true
		sess.AddMethod(a.UserID, method)
		return nil
	})
}

// LogInByPasskey logs in whoever's passkey answers. Nothing else is needed: it
// is something they have, and it checked that it was them. The session tells
// the outcome. authn.Errors for a wrong answer.
func (s *Flows) LogInByPasskey(ctx context.Context, sess *login.Session, answer []byte) error {
	return s.authenticateByKey(ctx, sess, ceremonyLogin, "", answer, func(ctx context.Context, a *mfa.Authenticator) error {
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

// authenticateByKey takes the answer of a key and goes on with then, in one
// transaction. The attempt is counted, and the challenge used up, before
// anything is verified. Where the user is not known before, only the client's
// address is counted: nobody can use up the attempts of another user.
func (s *Flows) authenticateByKey(ctx context.Context, sess *login.Session, c ceremony, userID string, answer []byte, then func(context.Context, *mfa.Authenticator) error) error {
	assertion, err := webauthn.ParseAssertion(answer)
	if err != nil {
		return s.explainUse(ctx, sess, userID, err)
	}
	attempt, err := s.take(ctx, sess, userID, "credential")
	if err != nil {
		return err
	}
	challenge := assertion.Challenge()
	if _, err := s.spend(ctx, sess, c, userID, challenge); err != nil {
		return s.explainUse(ctx, sess, userID, err)
	}
	used := mfa.AuthenticatorUsed{Type: mfa.WebAuthn, Reauthenticated: c == ceremonyReauthenticate, Passwordless: c == ceremonyLogin}
	var cloned *mfa.KeyCloned
	err = s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) error {
		row, err := s.verifyUse(ctx, assertion, challenge, userID)
		if errors.Is(err, webauthn.ErrCloned) {
			cloned = &mfa.KeyCloned{UserID: row.UserID, ID: row.ID}
		}
		if err != nil {
			return err
		}
		used.UserID, used.ID = row.UserID, row.ID
		if err := then(ctx, row); err != nil {
			return err
		}
		work.Emit(ctx, used)
		return nil
	})
	if cloned != nil {
		work.Emit(ctx, *cloned)
	}
	if err != nil {
		if !errors.Is(err, webauthn.ErrRejected) {
			work.Afterwards(ctx, attempt.Refund) // what fails on the server's side is no guess
		}
		return s.explainUse(ctx, sess, userID, err)
	}
	s.renewAfterwards(ctx, used.UserID)
	s.clearFailures(ctx, attempt, userID)
	return nil
}

// verifyUse finds the key that answered, verifies the answer and notes the use.
// Without a user the key must be a passkey and tell whose it is.
func (s *Service) verifyUse(ctx context.Context, assertion *webauthn.Assertion, challenge []byte, userID string) (*mfa.Authenticator, error) {
	row, err := s.store.AuthenticatorByClaim(ctx, keyClaim(assertion.CredentialID()))
	if errors.Is(err, authn.ErrNotFound) {
		return nil, fmt.Errorf("no such key: %w", webauthn.ErrRejected)
	}
	if err != nil {
		return nil, fmt.Errorf("look up key: %w", err)
	}
	if userID != "" && row.UserID != userID {
		return nil, fmt.Errorf("the key of another user: %w", webauthn.ErrRejected)
	}
	key, err := s.key(row)
	if err != nil {
		return nil, err
	}
	passkey := userID == ""
	if passkey && (!isPasskey(key) || !assertion.NamesUser()) {
		return nil, fmt.Errorf("a key that is a second factor only: %w", webauthn.ErrRejected)
	}
	updated, counter, err := s.keys.Assert(assertion, challenge, *key, uint32(row.Counter), passkey)
	if err != nil {
		return row, err
	}
	row.Counter = int64(counter)
	if err := s.seal(row, updated); err != nil {
		return nil, err
	}
	err = s.use(ctx, row)
	if errors.Is(err, authn.ErrConflict) || errors.Is(err, authn.ErrNotFound) {
		return nil, fmt.Errorf("the key is being used: %w", webauthn.ErrRejected)
	}
	return row, err
}

// explainUse turns what can be wrong with an answer into the client's problem.
func (s *Service) explainUse(ctx context.Context, sess *login.Session, userID string, err error) error {
	if !errors.Is(err, webauthn.ErrRejected) {
		return err
	}
	s.deps.Logger.DebugContext(ctx, "security key rejected", "error", err)
	if userID != "" {
		work.Emit(ctx, mfa.AuthenticationFailed{UserID: userID, Type: mfa.WebAuthn, Reauthentication: sess.Authenticated()})
	}
	return problem.List("credential", code.IncorrectCode)
}
