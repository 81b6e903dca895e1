package account

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/internal/flow"
)

// Notify mails the owner of an account that something about it changed, with
// when and from where. Other rooms use it for their own kinds. Nothing is sent
// where the host turned notifications off or there is no address.
func (s *Service) Notify(ctx context.Context, sess *flow.Session, kind, to string, data map[string]any) error {
	if s.cfg.DisableEmailNotifications || to == "" {
		return nil
	}
	data["Timestamp"] = s.deps.Now().UTC().Format(time.RFC1123)
	data["IP"] = sess.Client.IP.String()
	data["UserAgent"] = sess.Client.UserAgent
	return s.deps.Post.Mail(ctx, kind, to, data, messageLifetime)
}

// announceEmailChange tells observers, and the old address, of a new primary
// one.
func (s *Service) announceEmailChange(ctx context.Context, sess *flow.Session, userID, from, to string) error {
	sess.Emit(EmailChanged{UserID: userID, From: from, To: to})
	return s.Notify(ctx, sess, "account/email_changed", from, map[string]any{"FromEmail": from, "ToEmail": to})
}
