package accounts

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// tryCode compares a code that was sent to the subject of the challenge. Wrong
// ones are counted per challenge, and over all challenges of the subject, before
// anything is compared. A code that does not look like one is refused and not
// counted: which these are depends on the configuration only. After the last
// attempt of the challenge, giveUp is called. param is where the client sent the
// code.
func (s *Service) tryCode(ctx context.Context, sess *login.Session, c *authn.Challenge, param, typed string, giveUp func()) (*authn.Challenge, error) {
	switch {
	case typed == "":
		return nil, problem.List(param, code.Required)
	case !codes.Fits(s.codeFormat(c.Purpose), typed):
		return nil, problem.List(param, code.IncorrectCode)
	}
	attempt, err := s.deps.Limits.Take(ctx, ratelimit.ActionConfirmCode, ratelimit.Subject{
		IP: sess.Client.IP, Key: s.limitKey(sess, c.Subject, c.UserID),
	})
	if err != nil {
		return nil, err
	}
	c, err = s.codes.Try(ctx, c.Purpose, c.ID, typed)
	var wrong *codes.WrongSecretError
	if errors.As(err, &wrong) {
		s.rejectCode(ctx, wrong)
		if wrong.Last {
			giveUp()
		}
		return nil, problem.List(param, code.IncorrectCode)
	}
	if err != nil {
		return nil, err
	}
	work.Afterwards(ctx, attempt.Refund)
	return c, nil
}

// IsResetKey reports whether a key looks like one that resets a password. What
// does not is refused and costs no attempt.
func (s *Service) IsResetKey(key string) bool {
	return s.cfg.PasswordResetByCode == nil || codes.Fits(s.cfg.PasswordResetByCode.Format, key)
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

func (s *Service) rejectCode(ctx context.Context, wrong *codes.WrongSecretError) {
	if wrong.Challenge.UserID != "" {
		work.Emit(ctx, account.CodeRejected{UserID: wrong.Challenge.UserID, Purpose: wrong.Challenge.Purpose, Last: wrong.Last})
	}
}
