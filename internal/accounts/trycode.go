package accounts

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/ratelimit"
)

// tryCode compares a code that was sent to the subject of the challenge. Wrong
// ones are counted per challenge, and over all challenges of the subject, before
// anything is compared. A code that does not look like one is refused and not
// counted: which these are depends on the configuration only. After the last
// attempt of the challenge, giveUp is called. param is where the client sent the
// code.
func (s *Service) tryCode(ctx context.Context, sess *flow.Session, c *authn.Challenge, param, code string, giveUp func()) (*authn.Challenge, error) {
	switch {
	case code == "":
		return nil, problems(param, "required")
	case !fits(s.codeFormat(c.Purpose), code):
		return nil, problems(param, "incorrect_code")
	}
	attempt, err := s.deps.Limits.Take(ctx, ratelimit.ActionConfirmCode, ratelimit.Subject{
		IP: sess.Client.IP, Key: s.limitKey(sess, c.Subject, c.UserID),
	})
	if err != nil {
		return nil, err
	}
	c, err = s.deps.Challenges.Try(ctx, sess, c.Purpose, c.ID, code)
	var wrong *flow.WrongSecretError
	if errors.As(err, &wrong) {
		s.rejectCode(sess, wrong)
		if wrong.Last {
			giveUp()
		}
		return nil, problems(param, "incorrect_code")
	}
	if err != nil {
		return nil, err
	}
	sess.Afterwards(attempt.Refund)
	return c, nil
}

// IsResetKey reports whether a key looks like one that resets a password. What
// does not is refused and costs no attempt.
func (s *Service) IsResetKey(key string) bool {
	return s.cfg.PasswordResetByCode == nil || fits(s.cfg.PasswordResetByCode.Format, key)
}

// codeFormat returns what the codes of a purpose look like.
func (s *Service) codeFormat(purpose string) account.CodeFormat {
	switch purpose {
	case purposeLoginCode, purposeReauthenticationCode:
		return s.cfg.LoginByCode.Format
	case purposeResetCode:
		return s.cfg.PasswordResetByCode.Format
	case purposeVerifyPhone:
		return s.cfg.Phone.Format
	default:
		return s.cfg.EmailVerificationByCode.Format
	}
}

func (s *Service) rejectCode(sess *flow.Session, wrong *flow.WrongSecretError) {
	if wrong.Challenge.UserID != "" {
		sess.Emit(account.CodeRejected{UserID: wrong.Challenge.UserID, Purpose: wrong.Challenge.Purpose, Last: wrong.Last})
	}
}
