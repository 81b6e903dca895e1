package factors

import (
	"context"

	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// PrepareSignup makes the first login of a new account wait for a passkey. It is an
// argument of the sign-up of package accounts.
func PrepareSignup(l *login.Attempt) { l.PasskeySignup = true }

// EnterSignup implements the stage mfa_signup_webauthn, which waits for the passkey of
// a new account.
func (s *Service) EnterSignup(_ context.Context, _ *login.Session, l *login.Attempt) (login.Verdict, error) {
	if l.PasskeySignup && l.UserID != "" {
		return login.Wait, nil
	}
	return login.Pass, nil
}

// CheckLoginPending returns work.ErrNotPending unless a login is pending in the
// session, at any stage.
func (s *Service) CheckLoginPending(sess *login.Session) error {
	if sess.Login() == nil {
		return work.ErrNotPending
	}
	return nil
}

// SignupOptions issues a challenge and returns the options with which the browser
// creates the passkey of a new account. Returns work.ErrNotPending if no sign-up waits
// for a passkey.
func (s *Service) SignupOptions(ctx context.Context, sess *login.Session) (*webauthn.CreationOptions, error) {
	attempt := sess.Pending(login.StageMFASignupWebAuthn)
	if attempt == nil {
		return nil, work.ErrNotPending
	}
	id, err := s.accounts.Identify(ctx, attempt.UserID)
	if err != nil {
		return nil, err
	}
	return s.creationOptions(ctx, sess, ceremonySignup, id, webauthn.Passkey)
}

// FinishSignup adds the passkey of a new account and resumes the login. An empty name
// is replaced by a default. Returns authn.Errors for a wrong response,
// work.ErrNotPending if no sign-up waits for a passkey.
func (s *Flows) FinishSignup(ctx context.Context, sess *login.Session, name string, response []byte) error {
	attempt := sess.Pending(login.StageMFASignupWebAuthn)
	if attempt == nil {
		return work.ErrNotPending
	}
	userID := attempt.UserID
	credential, counter, err := s.verifyRegistration(ctx, sess, ceremonySignup, userID, response)
	if err != nil {
		return s.registrationProblem(ctx, err)
	}
	err = s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) error {
		key, err := s.storeKey(ctx, userID, name, credential, counter)
		if err != nil {
			return err
		}
		work.Emit(ctx, userID, mfa.AuthenticatorAdded{ID: key.ID, Type: key.Type})
		return s.pipeline.Pass(ctx, sess, login.StageMFASignupWebAuthn)
	})
	return s.registrationProblem(ctx, err)
}
