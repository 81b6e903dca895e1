package accounts

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clientip"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

// Notify mails the owner of an account, at the primary address, that something
// about it changed, with when and from where. Other rooms use it for their own
// kinds. Nothing is sent where the host turned notifications off or there is no
// address.
func (s *Service) Notify(ctx context.Context, sess *login.Session, kind string, owner *login.Identity, data map[string]any) error {
	return s.notifyAt(ctx, sess, kind, owner, owner.Email, data)
}

// notifyAt is Notify at another address.
func (s *Service) notifyAt(ctx context.Context, sess *login.Session, kind string, owner *login.Identity, to string, data map[string]any) error {
	if s.deps.DisableEmailNotifications || to == "" {
		return nil
	}
	data["User"] = login.NameOf(owner.User)
	if !s.deps.ProvidersOnly {
		data["PasswordResetURL"] = s.deps.FrontendURLs.ResetPassword
	}
	data["Timestamp"] = s.deps.Now().UTC().Format(time.RFC1123)
	data["IP"] = clientip.Text(sess.Client.IP)
	data["UserAgent"] = sess.Client.UserAgent
	return s.deps.Post.Mail(ctx, kind, to, data, messageLifetime)
}

// announceEmailChange tells observers, and the old address, of a new primary
// one.
func (s *Service) announceEmailChange(ctx context.Context, sess *login.Session, owner *login.Identity, from, to string) error {
	work.Emit(ctx, account.EmailChanged{UserID: owner.User.ID, From: from, To: to})
	return s.notifyAt(ctx, sess, "account/email_changed", owner, from, map[string]any{"FromEmail": from, "ToEmail": to})
}
