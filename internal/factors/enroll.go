package factors

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

// EnrollableTypes implements login.Factors.
func (s *Service) EnrollableTypes() []string {
	var types []string
	for _, t := range typeOrder {
		if t != mfa.RecoveryCodes && Supports(s.cfg, t) {
			types = append(types, string(t))
		}
	}
	return types
}

// Enrolls reports whether the login of the session waits in the stage mfa_enroll.
func Enrolls(sess *login.Session) bool { return sess.Pending(login.StageMFAEnroll) != nil }

// enrollerID returns the id of the user who may add an authenticator: the logged-in one,
// or the one whose login waits in the stage mfa_enroll. It is empty if there is none.
func enrollerID(sess *login.Session) string {
	if l := sess.Pending(login.StageMFAEnroll); l != nil {
		return l.UserID
	}
	return sess.UserID()
}

// enroller returns the user of enrollerID.
func (s *Service) enroller(ctx context.Context, sess *login.Session) (*login.Identity, error) {
	if sess.Authenticated() {
		return sess.Identity, nil
	}
	return s.accounts.Identify(ctx, enrollerID(sess))
}

// errEnrolled means that another request has added the second factor for which a login
// waits.
var errEnrolled = errors.New("mfa: the user has a second factor meanwhile")

// mayEnroll returns work.ErrReauthenticate unless the logged-in user has authenticated
// recently. A login that waits in the stage mfa_enroll is recent. If its user has a second
// factor meanwhile, mayEnroll takes the login to it and returns work.ErrNotPending.
func (s *Flows) mayEnroll(ctx context.Context, sess *login.Session) error {
	if !Enrolls(sess) {
		return s.pipeline.RequireRecent(ctx, sess)
	}
	has, err := s.HasAuthenticators(ctx, enrollerID(sess))
	if err == nil && has {
		return s.leaveEnroll(ctx, sess)
	}
	return err
}

// leaveEnroll takes a login that waits in the stage mfa_enroll to the second factor that
// the user has meanwhile, and returns work.ErrNotPending.
func (s *Flows) leaveEnroll(ctx context.Context, sess *login.Session) error {
	if err := s.deps.InTx(ctx, func(ctx context.Context) error { return s.pipeline.BackToFactor(ctx, sess, login.StageMFAEnroll) }); err != nil {
		return err
	}
	return work.ErrNotPending
}

// enroll calls f, which adds an authenticator, in a transaction that changes the account of
// the user. It ends the user's other sessions if f adds the first second factor. Returns
// the errors of mayEnroll.
func (s *Flows) enroll(ctx context.Context, sess *login.Session, f func(ctx context.Context) error) error {
	if err := s.mayEnroll(ctx, sess); err != nil {
		return err
	}
	userID := enrollerID(sess)
	err := s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) error {
		had, err := s.HasAuthenticators(ctx, userID)
		switch {
		case err != nil:
			return err
		case had && !sess.Authenticated():
			return errEnrolled
		case had:
			return f(ctx)
		}
		if err := f(ctx); err != nil {
			return err
		}
		return s.endOthers(ctx, sess, userID)
	})
	if errors.Is(err, errEnrolled) {
		return s.leaveEnroll(ctx, sess)
	}
	return err
}

// endOthers ends the other sessions of a user who has got their first second factor: they
// began without it, and may be those of an attacker who has the password.
func (s *Flows) endOthers(ctx context.Context, sess *login.Session, userID string) error {
	has, err := s.HasAuthenticators(ctx, userID)
	if err != nil || !has { // the passkey of an upgrade is none yet
		return err
	}
	return s.pipeline.EndOtherSessions(ctx, sess, userID)
}

// passEnroll resumes the login that waits for the authenticator that was just added.
func (s *Flows) passEnroll(ctx context.Context, sess *login.Session, a *mfa.Authenticator) error {
	if !Enrolls(sess) {
		return nil
	}
	sess.AddMethod(a.UserID, authn.Method{Name: "mfa", At: s.deps.Now(), AuthenticatorID: a.ID, Type: string(a.Type)})
	return s.pipeline.Pass(ctx, sess, login.StageMFAEnroll)
}
