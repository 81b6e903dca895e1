package account

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/ratelimit"
)

// tryCode compares a code that was sent to the subject of the challenge. Wrong
// ones are counted per challenge, and over all challenges of the subject, before
// anything is compared. After the last attempt of the challenge, give up is
// called. param is where the client sent the code.
func (s *Service) tryCode(ctx context.Context, sess *flow.Session, c *authn.Challenge, param, code string, giveUp func()) (*authn.Challenge, error) {
	attempt, err := s.deps.Limits.Take(ctx, ratelimit.ActionConfirmCode, ratelimit.Subject{
		IP: sess.Client.IP, Key: s.limitKey(sess, c.Subject, c.UserID),
	})
	if err != nil {
		return nil, err
	}
	c, err = s.deps.Challenges.Try(ctx, c.Purpose, c.ID, code)
	var wrong *flow.WrongSecretError
	if errors.As(err, &wrong) {
		s.rejectCode(sess, wrong)
		if wrong.Last {
			giveUp()
		}
		if code == "" {
			return nil, problems(param, "required")
		}
		return nil, problems(param, "incorrect_code")
	}
	if err != nil {
		return nil, err
	}
	return c, attempt.Refund(ctx)
}

func (s *Service) rejectCode(sess *flow.Session, wrong *flow.WrongSecretError) {
	if wrong.Challenge.UserID != "" {
		sess.Emit(CodeRejected{UserID: wrong.Challenge.UserID, Purpose: wrong.Challenge.Purpose, Last: wrong.Last})
	}
}
