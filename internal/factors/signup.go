package factors

import (
	"context"

	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// noteSignup is the note of the first login of an account that gets a passkey in
// place of a password.
const noteSignup = "mfa.passkey_signup"

// PrepareSignup makes the first login of a new account wait for a passkey. It is
// passed to the sign-up of the room of accounts.
func PrepareSignup(l *flow.Login) error { return l.SetNote(noteSignup, true) }

// enterSignup is the stage that waits for the passkey of a new account.
func (s *Service) enterSignup(_ context.Context, _ *flow.Session, l *flow.Login) (flow.Verdict, error) {
	var wanted bool
	if l.Note(noteSignup, &wanted) && wanted && l.UserID != "" {
		return flow.Wait, nil
	}
	return flow.Pass, nil
}

// CheckLoginPending returns flow.ErrNotPending unless a login is under way in
// the session, at whatever stage.
func (s *Service) CheckLoginPending(sess *flow.Session) error {
	if s.pipeline.Login(sess) == nil {
		return flow.ErrNotPending
	}
	return nil
}

// SignupOptions asks for the passkey of a new account. flow.ErrNotPending if
// none is awaited.
func (s *Service) SignupOptions(ctx context.Context, sess *flow.Session) (*webauthn.CreationOptions, error) {
	login := s.pipeline.Pending(sess, flow.StageMFASignupWebAuthn)
	if login == nil {
		return nil, flow.ErrNotPending
	}
	id, err := s.accounts.Identify(ctx, login.UserID)
	if err != nil {
		return nil, err
	}
	return s.creationOptions(ctx, sess, ceremonySignup, id, true)
}

// FinishSignup adds the passkey of a new account and logs its user in. An empty
// name is chosen. authn.Errors for a wrong answer, flow.ErrNotPending if none is
// awaited.
func (s *Service) FinishSignup(ctx context.Context, sess *flow.Session, name string, answer []byte) error {
	login := s.pipeline.Pending(sess, flow.StageMFASignupWebAuthn)
	if login == nil {
		return flow.ErrNotPending
	}
	userID := login.UserID
	credential, counter, err := s.verifyNew(ctx, sess, ceremonySignup, userID, answer)
	if err != nil {
		return s.explainNew(ctx, err)
	}
	err = s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) error {
		key, err := s.storeKey(ctx, userID, name, credential, counter)
		if err != nil {
			return err
		}
		sess.Emit(mfa.AuthenticatorAdded{UserID: userID, ID: key.ID, Type: key.Type})
		return s.pipeline.Pass(ctx, sess, flow.StageMFASignupWebAuthn)
	})
	return s.explainNew(ctx, err)
}
