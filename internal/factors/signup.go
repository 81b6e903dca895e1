package factors

import (
	"context"

	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// PrepareSignup makes the first login of a new account wait for a passkey. It is
// passed to the sign-up of package accounts.
func PrepareSignup(l *login.Attempt) { l.PasskeySignup = true }

// EnterSignup is the stage that waits for the passkey of a new account.
func (s *Service) EnterSignup(_ context.Context, _ *login.Session, l *login.Attempt) (login.Verdict, error) {
	if l.PasskeySignup && l.UserID != "" {
		return login.Wait, nil
	}
	return login.Pass, nil
}

// CheckLoginPending returns work.ErrNotPending unless a login is under way in
// the session, at whatever stage.
func (s *Service) CheckLoginPending(sess *login.Session) error {
	if sess.Login() == nil {
		return work.ErrNotPending
	}
	return nil
}

// SignupOptions asks for the passkey of a new account. work.ErrNotPending if
// none is awaited.
func (s *Service) SignupOptions(ctx context.Context, sess *login.Session) (*webauthn.CreationOptions, error) {
	attempt := sess.Pending(login.StageMFASignupWebAuthn)
	if attempt == nil {
		return nil, work.ErrNotPending
	}
	id, err := s.accounts.Identify(ctx, attempt.UserID)
	if err != nil {
		return nil, err
	}
	return s.creationOptions(ctx, sess, ceremonySignup, id, true)
}

// FinishSignup adds the passkey of a new account and logs its user in. An empty
// name is chosen. authn.Errors for a wrong answer, work.ErrNotPending if none is
// awaited.
func (s *Flows) FinishSignup(ctx context.Context, sess *login.Session, name string, answer []byte) error {
	attempt := sess.Pending(login.StageMFASignupWebAuthn)
	if attempt == nil {
		return work.ErrNotPending
	}
	userID := attempt.UserID
	credential, counter, err := s.verifyNew(ctx, sess, ceremonySignup, userID, answer)
	if err != nil {
		return s.explainNew(ctx, err)
	}
	err = s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) error {
		key, err := s.storeKey(ctx, userID, name, credential, counter)
		if err != nil {
			return err
		}
		work.Emit(ctx, mfa.AuthenticatorAdded{UserID: userID, ID: key.ID, Type: key.Type})
		return s.pipeline.Pass(ctx, sess, login.StageMFASignupWebAuthn)
	})
	return s.explainNew(ctx, err)
}
