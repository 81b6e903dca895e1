package factors

import (
	"context"

	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

// announceAdded publishes the event and mails the owner about a new authenticator. It
// generates recovery codes if the user has none, and reports whether it did.
func (s *Service) announceAdded(ctx context.Context, sess *login.Session, a *mfa.Authenticator, mail string) (bool, error) {
	work.Emit(ctx, a.UserID, mfa.AuthenticatorAdded{ID: a.ID, Type: a.Type})
	if err := s.notify(ctx, sess, mail, a.Name); err != nil {
		return false, err
	}
	return s.ensureRecoveryCodes(ctx, a.UserID)
}

// notify mails the owner that their authenticators changed.
func (s *Service) notify(ctx context.Context, sess *login.Session, kind, name string) error {
	owner, err := s.enroller(ctx, sess)
	if err != nil {
		return err
	}
	return s.accounts.Notify(ctx, sess, kind, owner, map[string]any{"AuthenticatorName": name})
}
