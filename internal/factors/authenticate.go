package factors

import (
	"context"
	"errors"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/typedcode"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/ratelimit"
)

var (
	// errWrongCode means that no authenticator of the user accepts the code.
	errWrongCode = errors.New("mfa: wrong code")
	// errWrongFormat means that none of the user's authenticators has codes of that
	// length and alphabet.
	errWrongFormat = errors.New("mfa: wrong format of code")
)

// CheckPending returns work.ErrStageNotPending unless the login of the session
// waits for a second factor.
func (s *Service) CheckPending(_ context.Context, sess *login.Session) error {
	_, err := s.pendingUser(sess)
	return err
}

// pendingUser returns the id of the user whose login waits for a second factor.
func (s *Service) pendingUser(sess *login.Session) (string, error) {
	attempt := sess.Pending(login.StageMFAAuthenticate)
	if attempt == nil {
		return "", work.ErrStageNotPending
	}
	return attempt.UserID, nil
}

// Authenticate verifies a TOTP or recovery code and resumes the login that waits for
// a second factor. Afterwards sess shows whether the user is logged in. Returns
// work.ErrStageNotPending if no login waits, authn.Errors for a wrong code.
func (s *Flows) Authenticate(ctx context.Context, sess *login.Session, code string) error {
	userID, err := s.pendingUser(sess)
	if err != nil {
		return err
	}
	return s.authenticateByCode(ctx, sess, userID, code, func(ctx context.Context) error {
		return s.pipeline.Pass(ctx, sess, login.StageMFAAuthenticate)
	})
}

// Reauthenticate verifies a TOTP or recovery code of the logged-in user. Returns
// authn.Errors for a wrong code.
func (s *Flows) Reauthenticate(ctx context.Context, sess *login.Session, code string) error {
	return s.authenticateByCode(ctx, sess, sess.UserID(), code, func(context.Context) error { return nil })
}

// authenticateByCode verifies a code of the user, uses it up and calls then, in one
// transaction. The attempt is counted before the code is compared.
func (s *Flows) authenticateByCode(ctx context.Context, sess *login.Session, userID, code string, then func(ctx context.Context) error) error {
	reauthentication := sess.Authenticated()
	attempt, err := s.countAttempt(ctx, sess, userID, "code")
	if err != nil {
		return err
	}
	failed := mfa.AuthenticationFailed{Reauthentication: reauthentication}
	var rows []mfa.Authenticator
	err = s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) (err error) {
		if rows, err = s.rows(ctx, userID); err != nil {
			return err
		}
		failed.Type = failedType(rows)
		used, err := s.acceptCode(ctx, rows, code)
		if err != nil {
			return err
		}
		sess.AddMethod(userID, authn.Method{Name: "mfa", At: s.deps.Now(), AuthenticatorID: used.ID, Type: string(used.Type)})
		work.Emit(ctx, userID, mfa.AuthenticatorUsed{ID: used.ID, Type: used.Type, Reauthenticated: reauthentication})
		return then(ctx)
	})
	if errors.Is(err, errWrongFormat) {
		work.Afterwards(ctx, attempt.Refund)
		return incorrectCode()
	}
	if errors.Is(err, errWrongCode) {
		if failed.Type != "" {
			work.Emit(ctx, userID, failed)
		}
		return incorrectCode()
	}
	if err != nil {
		work.Afterwards(ctx, attempt.Refund) // the server failed, not the code
		return err
	}
	if slices.ContainsFunc(rows, func(a mfa.Authenticator) bool { return !s.deps.Keys.IsCurrent(a.Data) }) {
		s.renewAfterwards(ctx, userID)
	}
	s.clearFailures(ctx, attempt, userID)
	return nil
}

// failedType returns the type that AuthenticationFailed names after a wrong code.
func failedType(rows []mfa.Authenticator) mfa.Type {
	for _, t := range []mfa.Type{mfa.TOTP, mfa.RecoveryCodes} {
		if find(rows, t) != nil {
			return t
		}
	}
	return ""
}

// acceptCode finds the authenticator that the code belongs to and uses the code up.
// Returns errWrongCode if no authenticator has that code, or if another request used
// it first, and errWrongFormat if none has codes of that format.
func (s *Service) acceptCode(ctx context.Context, rows []mfa.Authenticator, code string) (*mfa.Authenticator, error) {
	code = typedcode.Normalize(code)
	refusal := errWrongFormat
	for i := range rows {
		a := &rows[i]
		var match func(a *mfa.Authenticator, code string) error
		switch a.Type {
		case mfa.TOTP:
			match = s.matchTOTP
		case mfa.RecoveryCodes:
			match = s.matchRecoveryCode
		default:
			continue
		}
		err := match(a, code)
		if errors.Is(err, errWrongFormat) {
			continue
		}
		if errors.Is(err, errWrongCode) {
			refusal = err
			continue
		}
		if err != nil {
			return nil, err
		}
		err = s.saveUse(ctx, a)
		if errors.Is(err, authn.ErrConflict) || errors.Is(err, authn.ErrNotFound) {
			return nil, errWrongCode
		}
		return a, err
	}
	return nil, refusal
}

// countAttempt counts an attempt against the limits of the client's IP address and of
// the user. Returns authn.Errors for the field param if a limit is reached.
func (s *Service) countAttempt(ctx context.Context, sess *login.Session, userID, param string) (ratelimit.Attempt, error) {
	attempt, err := s.deps.Limits.Take(ctx, ratelimit.ActionLoginFailed, ratelimit.Subject{IP: sess.Client.IP, Key: limitKey(userID)})
	if errors.Is(err, ratelimit.ErrLimited) {
		return attempt, problem.List(param, code.TooManyLoginAttempts)
	}
	return attempt, err
}

// clearFailures refunds a successful attempt and clears the failed ones of the user.
// The failures of the client's IP address stay, because they may have been guesses at
// the passwords of other users.
func (s *Service) clearFailures(ctx context.Context, attempt ratelimit.Attempt, userID string) {
	work.Afterwards(ctx, attempt.Refund)
	work.Afterwards(ctx, func(ctx context.Context) error {
		return s.deps.Limits.Reset(ctx, ratelimit.ActionLoginFailed, ratelimit.Subject{Key: limitKey(userID)})
	})
}

// limitKey is the limiter key of attempts at a user's second factor. The NUL keeps it
// apart from typed identifiers, which cannot contain NUL.
func limitKey(userID string) string {
	if userID == "" {
		return ""
	}
	return "mfa\x00" + userID
}
