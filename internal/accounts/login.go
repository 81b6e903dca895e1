package accounts

import (
	"cmp"
	"context"
	"errors"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// LoginInput is the input of a login by password.
type LoginInput struct {
	// Method says what Identifier is: an address, a username or a number.
	Method     account.LoginMethod
	Identifier string
	// Password is the password as it was typed.
	Password string
}

// mismatches are the codes of a wrong password, by the kind of identifier.
var mismatches = map[account.LoginMethod]string{
	account.LoginByEmail:    code.EmailPasswordMismatch,
	account.LoginByUsername: code.UsernamePasswordMismatch,
	account.LoginByPhone:    code.PhonePasswordMismatch,
}

// Mismatch returns the client's problem for a wrong identifier or password.
func Mismatch(method account.LoginMethod) authn.Errors {
	return problem.List("password", mismatches[method])
}

// Login verifies the password and starts a login. It charges the limits on logins and on
// wrong passwords. Afterwards sess shows whether the user is logged in, or which stage
// is pending. Returns authn.Errors for wrong input, work.ErrNotPending if a user is
// logged in already.
func (s *Flows) Login(ctx context.Context, sess *login.Session, in LoginInput) error {
	byClient := ratelimit.Charge{Action: ratelimit.ActionLogin, Subject: ratelimit.Subject{IP: sess.Client.IP, User: sess.UserID()}}
	var err error
	if in.Identifier, err = s.cleanIdentifier(ctx, in.Method, in.Identifier); err != nil {
		_, limited := s.deps.Limits.TakeAll(ctx, byClient)
		return cmp.Or(limited, err)
	}
	user, hash, err := s.authenticate(ctx, sess, byClient, in)
	var limited *ratelimit.LimitError
	switch {
	case errors.As(err, &limited) && limited.Action == ratelimit.ActionLoginFailed:
		return problem.List("", code.TooManyLoginAttempts)
	case errors.Is(err, errWrongPassword):
		return Mismatch(in.Method)
	case err != nil:
		return err
	}
	if err := s.checkVerificationLimit(ctx, sess, user.ID, in); err != nil {
		return err
	}
	if sess.Authenticated() {
		return work.ErrNotPending
	}
	if err := s.checkOldPassword(ctx, sess, user, in); err != nil {
		return err
	}
	method := authn.Method{Name: "password", At: s.deps.Now()}
	attempt := login.Attempt{UserID: user.ID, AuthHash: hash}
	switch in.Method {
	case account.LoginByEmail:
		method.Email, attempt.Email = in.Identifier, in.Identifier
	case account.LoginByUsername:
		method.Username = in.Identifier
	case account.LoginByPhone: // the contract has no member for the number in a method
		attempt.Phone = in.Identifier
	}
	sess.AddMethod(user.ID, method)
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		return s.pipeline.Start(ctx, sess, attempt)
	})
}

// CheckIdentifier returns the problems of an identifier with which a user logs in.
func (s *Service) CheckIdentifier(ctx context.Context, method account.LoginMethod, value string) authn.Errors {
	switch method {
	case account.LoginByEmail:
		_, errs := cleanKnownEmail("email", value, true)
		return errs
	case account.LoginByPhone:
		_, isPlain := identifier.Phone(value)
		if _, ok := s.canonicalPhone(ctx, value); !ok && !isPlain {
			return problem.List("phone", code.InvalidPhone)
		}
	}
	return nil
}

// cleanIdentifier returns an identifier in its stored form, or authn.Errors.
func (s *Service) cleanIdentifier(ctx context.Context, method account.LoginMethod, value string) (string, error) {
	var errs authn.Errors
	var err error
	switch method {
	case account.LoginByEmail:
		value, errs = cleanKnownEmail("email", value, true)
	case account.LoginByPhone:
		value, errs, err = s.knownPhone(ctx, value)
	}
	if len(errs) > 0 {
		return "", errs
	}
	return value, err
}

// Logout ends the session and all that is pending in it.
func (s *Service) Logout(ctx context.Context, sess *login.Session) {
	if userID := sess.UserID(); userID != "" {
		work.Emit(ctx, userID, account.UserLoggedOut{}) // before the session, and with it the actor, is removed
	}
	sess.End()
}

// Reauthenticate verifies the password of the logged-in user. Returns authn.Errors for a
// wrong password.
func (s *Flows) Reauthenticate(ctx context.Context, sess *login.Session, pass string) error {
	_, err := s.checkOwnPassword(ctx, sess, pass)
	switch {
	case errors.Is(err, ratelimit.ErrLimited):
		return problem.List("password", code.TooManyLoginAttempts)
	case errors.Is(err, errWrongPassword):
		return problem.List("password", code.IncorrectPassword)
	case err != nil:
		return err
	}
	sess.AddMethod(sess.UserID(), authn.Method{Name: "password", At: s.deps.Now(), Reauthenticated: true})
	return nil
}

// checkOwnPassword verifies the password of the logged-in user and returns its
// fingerprint. Failures count together with those of Login. Returns errWrongPassword for
// a wrong password, and if another request changed the password meanwhile.
func (s *Flows) checkOwnPassword(ctx context.Context, sess *login.Session, pass string) (string, error) {
	attempt, err := s.deps.Limits.Take(ctx, ratelimit.ActionLoginFailed, s.failureSubject(sess, "", sess.UserID()))
	if err != nil {
		return "", err
	}
	_, hash, err := s.firstMatch(ctx, []string{sess.UserID()}, pass, 1)
	if errors.Is(err, errWrongPassword) {
		return "", err
	}
	if err == nil {
		err = s.refresh(ctx, sess) // the hash may have been upgraded
	}
	if err == nil && sess.Identity.AuthHash != authHash(hash) {
		err = errWrongPassword
	}
	work.Afterwards(ctx, attempt.Refund)
	return authHash(hash), err
}
