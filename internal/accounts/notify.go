package accounts

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clientip"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

// Notify mails the owner, at the primary address, that their account changed. It adds
// the time and the client to data. Other packages use it for their kinds of mail. It
// does nothing if the host has turned notifications off, or if the user has no address.
func (s *Service) Notify(ctx context.Context, sess *login.Session, kind string, owner *login.Identity, data map[string]any) error {
	return s.notifyAt(ctx, sess, kind, owner, owner.Email, data)
}

// notifyAt is Notify for another address.
func (s *Service) notifyAt(ctx context.Context, sess *login.Session, kind string, owner *login.Identity, to string, data map[string]any) error {
	if s.deps.DisableEmailNotifications || to == "" {
		return nil
	}
	data["User"] = login.NameOf(owner.User)
	if !s.deps.ProvidersOnly {
		data["PasswordResetURL"] = s.deps.FrontendURLs.ResetPassword
	}
	data["Timestamp"] = s.deps.Now()
	data["IP"] = clientip.Text(sess.Client.IP)
	data["UserAgent"] = sess.Client.UserAgent
	return s.deps.Post.Mail(ctx, kind, to, owner.User, data, messageLifetime)
}

// recipient returns the user who receives a message, for its language, and nil for the
// empty id of a decoy after the same work.
func (s *Service) recipient(ctx context.Context, userID string) (*authn.User, error) {
	id, err := s.Identify(work.AcceptEarlier(ctx), userID)
	if errors.Is(err, authn.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return id.User, nil
}

// announceEmailChange publishes the event and mails the old address about a new primary
// address.
func (s *Service) announceEmailChange(ctx context.Context, sess *login.Session, owner *login.Identity, from, to string) error {
	work.Emit(ctx, owner.User.ID, account.EmailChanged{From: from, To: to})
	return s.notifyAt(ctx, sess, "account/email_changed", owner, from, map[string]any{"FromEmail": from, "ToEmail": to})
}
