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
	// errMisshapen is errWrongCode for what looks like no code of the user.
	errMisshapen = errors.New("mfa: not the shape of a code")
)

// CheckPending returns work.ErrStageNotPending unless a login in the session
// waits for a second factor.
func (s *Service) CheckPending(_ context.Context, sess *login.Session) error {
	_, err := s.pendingUser(sess)
	return err
}

// pendingUser returns whose login waits for a second factor.
func (s *Service) pendingUser(sess *login.Session) (string, error) {
	attempt := sess.Pending(login.StageMFAAuthenticate)
	if attempt == nil {
		return "", work.ErrStageNotPending
	}
	return attempt.UserID, nil
}

// Authenticate goes on with the login that waits for a second factor, by a code
// of an app or a recovery code. The session tells the outcome.
// work.ErrStageNotPending if none waits, authn.Errors for a wrong code.
func (s *Flows) Authenticate(ctx context.Context, sess *login.Session, code string) error {
	userID, err := s.pendingUser(sess)
	if err != nil {
		return err
	}
	return s.authenticateByCode(ctx, sess, userID, code, func(ctx context.Context) error {
		return s.pipeline.Pass(ctx, sess, login.StageMFAAuthenticate)
	})
}

// Reauthenticate reauthenticates the logged-in user by a code. work.ErrUnauthenticated
// if nobody is, authn.Errors for a wrong code.
func (s *Flows) Reauthenticate(ctx context.Context, sess *login.Session, code string) error {
	if !sess.Authenticated() {
		return work.ErrUnauthenticated
	}
	return s.authenticateByCode(ctx, sess, sess.UserID(), code, func(context.Context) error { return nil })
}

// authenticateByCode takes a code and goes on with then, in one transaction. The
// attempt is counted before anything is compared.
func (s *Flows) authenticateByCode(ctx context.Context, sess *login.Session, userID, code string, then func(ctx context.Context) error) error {
	reauthentication := sess.Authenticated()
	attempt, err := s.take(ctx, sess, userID, "code")
	if err != nil {
		return err
	}
	failed := mfa.AuthenticationFailed{UserID: userID, Reauthentication: reauthentication}
	var rows []mfa.Authenticator
	err = s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) (err error) {
		if rows, err = s.rows(ctx, userID); err != nil {
			return err
		}
		failed.Type = blamed(rows)
		used, err := s.acceptCode(ctx, rows, code)
		if err != nil {
			return err
		}
		sess.AddMethod(userID, authn.Method{Name: "mfa", At: s.deps.Now(), AuthenticatorID: used.ID, Type: string(used.Type)})
		work.Emit(ctx, mfa.AuthenticatorUsed{UserID: userID, ID: used.ID, Type: used.Type, Reauthenticated: reauthentication})
		return then(ctx)
	})
	if errors.Is(err, errMisshapen) {
		work.Afterwards(ctx, attempt.Refund)
		return incorrectCode()
	}
	if errors.Is(err, errWrongCode) {
		if failed.Type != "" {
			work.Emit(ctx, failed)
		}
		return incorrectCode()
	}
	if err != nil {
		work.Afterwards(ctx, attempt.Refund) // what fails on the server's side is no guess
		return err
	}
	if slices.ContainsFunc(rows, func(a mfa.Authenticator) bool { return !s.deps.Keys.IsCurrent(a.Data) }) {
		s.renewAfterwards(ctx, userID)
	}
	s.clearFailures(ctx, attempt, userID)
	return nil
}

// blamed is the type that a wrong code is counted against.
func blamed(rows []mfa.Authenticator) mfa.Type {
	for _, t := range []mfa.Type{mfa.TOTP, mfa.RecoveryCodes} {
		if find(rows, t) != nil {
			return t
		}
	}
	return ""
}

// acceptCode finds the authenticator that the code belongs to and uses the code
// up. errWrongCode if there is none, or if another request was faster;
// errMisshapen if none has codes of that shape.
func (s *Service) acceptCode(ctx context.Context, rows []mfa.Authenticator, code string) (*mfa.Authenticator, error) {
	code = typedcode.Normalize(code)
	refusal := errMisshapen
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
		if errors.Is(err, errMisshapen) {
			continue
		}
		if errors.Is(err, errWrongCode) {
			refusal = err
			continue
		}
		if err != nil {
			return nil, err
		}
		err = s.use(ctx, a)
		if errors.Is(err, authn.ErrConflict) || errors.Is(err, authn.ErrNotFound) {
			return nil, errWrongCode
		}
		return a, err
	}
	return nil, refusal
}

// take counts an attempt against the client's address and the user. The problem
// of too many belongs to the field param.
func (s *Service) take(ctx context.Context, sess *login.Session, userID, param string) (ratelimit.Attempt, error) {
	attempt, err := s.deps.Limits.Take(ctx, ratelimit.ActionLoginFailed, ratelimit.Subject{IP: sess.Client.IP, Key: limitKey(userID)})
	if errors.Is(err, ratelimit.ErrLimited) {
		return attempt, problem.List(param, code.TooManyLoginAttempts)
	}
	return attempt, err
}

// clearFailures refunds an attempt that was right, and clears the user's failed
// ones. Those of the client's address stay: they may have been at the passwords
// of other users.
func (s *Service) clearFailures(ctx context.Context, attempt ratelimit.Attempt, userID string) {
	work.Afterwards(ctx, attempt.Refund)
	work.Afterwards(ctx, func(ctx context.Context) error {
		return s.deps.Limits.Reset(ctx, ratelimit.ActionLoginFailed, ratelimit.Subject{Key: limitKey(userID)})
	})
}

// limitKey is what the attempts at a user's second factor count by. Passwords
// count by what was typed in, which holds no zero byte: no name is taken for it.
func limitKey(userID string) string {
	if userID == "" {
		return ""
	}
	return "mfa\x00" + userID
}
