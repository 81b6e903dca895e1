package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
)

// claimsEmail reports whether the login is a sign-up with an address.
func claimsEmail(l *login.Attempt) bool { return l.Signup && l.Email != "" }

// CorrectableEmail returns the code of a login that waits for an address which the user
// can correct, or has yet to give. Returns work.ErrNotPending if there is none.
func (s *Service) CorrectableEmail(ctx context.Context, sess *login.Session) (*AwaitedCode, error) {
	l, byLink := sess.Pending(login.StageVerifyEmail), s.cfg.EmailVerificationByCode == nil
	switch {
	case l == nil, byLink && claimsEmail(l):
		return nil, work.ErrNotPending
	case byLink, l.EmailVerification == "":
		return &AwaitedCode{Pending: s.codes.New(s.emailCode(l)), sess: sess, stage: l.Stage}, nil
	}
	a, err := s.EmailCode(ctx, sess)
	if err == nil && !a.CanChange() {
		return nil, work.ErrNotPending
	}
	return a, err
}

// CorrectEmail replaces the address for which a login waits, or adds one if it waits for
// none, and returns the address as it will be stored. The address of a sign-up is
// replaced at once, another one when the login completes. Returns authn.Errors for wrong
// input.
func (s *Flows) CorrectEmail(ctx context.Context, a *AwaitedCode, input string) (string, error) {
	email, errs := cleanEmail("email", input, true)
	switch {
	case len(errs) > 0:
		return "", errs
	case a.Challenge != nil && a.Subject == email:
		return "", problem.List("email", code.SameAsCurrent)
	case claimsEmail(a.login()):
		return email, s.correctEmail(ctx, a, email)
	}
	return email, s.giveEmail(ctx, a, email)
}

// correctEmail replaces the address of a sign-up.
func (s *Flows) correctEmail(ctx context.Context, a *AwaitedCode, email string) error {
	claims, onOthers, err := s.recoverableByEmail(ctx, email)
	if err != nil {
		return err
	}
	if len(claims) > 0 && s.cfg.Enumeration == account.AllowEnumeration {
		return problem.List("email", code.EmailTaken)
	}
	if err := s.takeConfirmEmail(ctx, email); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, a.sess, a.UserID, func(ctx context.Context) error {
		l := a.login()
		taken, err := s.correctAddress(ctx, a.UserID, l.Email, email, len(claims) > 0, onOthers)
		if err != nil {
			return err
		}
		if !taken { // if it is taken, the account keeps the old one
			l.Email = email
		}
		a.sess.SetLogin(l)
		_, err = a.Send(ctx, s.emailRecipient(a.UserID, email, taken))
		return err
	})
}

// correctAddress replaces an unverified address by another one, and reports whether that
// is taken. For a decoy, and for an address that is taken, it does the same work without
// an effect. Returns work.ErrNotPending if the old address was verified meanwhile.
func (s *Service) correctAddress(ctx context.Context, userID, old, email string, taken, onOthers bool) (bool, error) {
	if userID == "" || taken {
		return taken, s.correctDecoyAddress(ctx, userID)
	}
	emails, err := s.emailsOf(ctx, userID)
	if err != nil {
		return false, err
	}
	if e, _ := findEmail(emails, old); e.Verified {
		return false, work.ErrNotPending
	}
	primary := !slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return e.Primary && e.Email != old })
	address := account.EmailAddress{UserID: userID, Email: email, Primary: primary, CreatedAt: s.deps.Now()}
	err = s.deps.Tx.InSavepoint(ctx, func(ctx context.Context) error { // as for a decoy, whose rows are rolled back
		return replaceEmail(ctx, s.store, address, old, s.exclusive(onOthers))
	})
	if errors.Is(err, authn.ErrConflict) {
		return true, nil
	}
	return false, err
}

func replaceEmail(ctx context.Context, rows account.Store, address account.EmailAddress, old string, exclusive bool) error {
	if err := rows.AddEmail(ctx, address, exclusive); err != nil {
		return fmt.Errorf("add email address: %w", err)
	}
	if err := rows.DeleteEmail(ctx, address.UserID, old); err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("delete email address: %w", err)
	}
	return nil
}
