package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// PhoneEnabled reports whether accounts have phone numbers.
func (s *Service) PhoneEnabled() bool { return s.cfg.Phone != nil }

// EnterVerifyPhone implements the stage verify_phone, which waits until the number is
// verified. Users without a number pass even if sign-ups require one: after the recovery
// of an account, which removes an attacker's number, the owner has to log in to add their
// own.
func (s *Service) EnterVerifyPhone(ctx context.Context, sess *login.Session, l *login.Attempt) (login.Verdict, error) {
	ctx = work.AcceptEarlier(ctx)
	present, _ := signupField(s.cfg, "phone")
	if !present || s.cfg.Phone.VerificationDisabled {
		return login.Pass, nil
	}
	if l.GivenPhone != nil && l.GivenPhone.Verified {
		return login.Pass, nil
	}
	l.GivenPhone = nil // a number of an earlier attempt that was not verified
	phone, err := s.phoneOf(ctx, l.UserID)
	switch {
	case err != nil:
		return login.Abort, err
	case l.UserID == "" && l.Phone != "":
		return login.Wait, s.awaitPhone(ctx, sess, l, l.Phone)
	case phone == nil || phone.Verified:
		return login.Pass, nil
	}
	return login.Wait, s.awaitPhone(ctx, sess, l, phone.Number)
}

// awaitPhone texts a code, for which the login then waits. For a decoy, and for a number
// that is taken, it texts nothing.
func (s *Service) awaitPhone(ctx context.Context, sess *login.Session, l *login.Attempt, number string) error {
	if err := s.takeVerifyPhone(ctx, sess, number); err != nil {
		return err
	}
	taken, err := s.isPhoneTaken(ctx, l.UserID, number)
	if err != nil {
		return err
	}
	to := codes.Recipient{UserID: l.UserID, Contact: number}
	if taken || l.UserID == "" {
		to.Instead = sendNothing
	}
	l.PhoneVerification, err = s.codes.New(s.phoneCode(sess, l)).Send(ctx, to)
	return err
}

// isPhoneTaken reports whether another user has verified the number.
func (s *Service) isPhoneTaken(ctx context.Context, userID, number string) (bool, error) {
	rows, err := s.rowsOf(userID).PhonesByNumber(ctx, number)
	if err != nil {
		return false, fmt.Errorf("look up phone number: %w", err)
	}
	return len(rows) > 0 && rows[0].Verified && rows[0].UserID != userID, nil
}

func (s *Service) takeVerifyPhone(ctx context.Context, sess *login.Session, number string) error {
	return s.deps.Charge(ctx, ratelimit.ActionVerifyPhone, ratelimit.Subject{IP: sess.Client.IP, Key: number})
}

// textUnknownAccount texts a number that no account has it.
func (s *Service) textUnknownAccount(ctx context.Context, number string) error {
	return s.deps.Post.Text(ctx, "unknown_account", number, nil, map[string]any{}, messageLifetime)
}

// PhoneCode returns the code that verifies a number: that of a login which waits, or
// that of a logged-in user. Returns work.ErrNotPending if there is none.
func (s *Service) PhoneCode(ctx context.Context, sess *login.Session) (*AwaitedCode, error) {
	if l := sess.Pending(login.StageVerifyPhone); l != nil {
		return s.await(ctx, AwaitedCode{sess: sess, stage: l.Stage}, s.phoneCode(sess, l), l.PhoneVerification)
	}
	return s.await(ctx, AwaitedCode{sess: sess, slot: &sess.State.PhoneVerification}, s.phoneCode(sess, nil), sess.State.PhoneVerification)
}

// VerifyPhone verifies a number by the code that was texted to it, and resumes the login
// that waits for it. Returns authn.Errors for a wrong code.
func (s *Flows) VerifyPhone(ctx context.Context, a *AwaitedCode, typed string) error {
	if err := s.verify(ctx, a, typed); err != nil {
		return err
	}
	if l := a.login(); l != nil && l.GivenPhone != nil {
		taken, err := s.isPhoneTaken(ctx, a.UserID, a.Subject)
		if err != nil {
			return err
		}
		if taken {
			return problem.List("code", code.PhoneTaken)
		}
	}
	return s.accept(ctx, a, func(l *login.Attempt) **login.Given { return &l.GivenPhone }, func(ctx context.Context) error {
		return s.storeVerifiedPhone(ctx, a.UserID, a.Subject)
	})
}

// storeVerifiedPhone stores the number as that of the user and marks it as verified.
// Returns authn.Errors if another user has verified it.
func (s *Service) storeVerifiedPhone(ctx context.Context, userID, number string) error {
	old, err := s.phoneOf(ctx, userID)
	if err != nil {
		return err
	}
	isNew := old == nil || old.Number != number
	if isNew {
		err = s.store.SetPhone(ctx, account.Phone{UserID: userID, Number: number}, false)
	}
	if err == nil {
		err = s.store.VerifyPhone(ctx, userID, number)
	}
	switch {
	case errors.Is(err, authn.ErrConflict):
		return problem.List("code", code.PhoneTaken)
	case err != nil:
		return fmt.Errorf("verify phone number: %w", err)
	}
	if isNew {
		changed := account.PhoneChanged{To: number}
		if old != nil {
			changed.From = old.Number
		}
		work.Emit(ctx, userID, changed)
	}
	if isNew || !old.Verified {
		work.Emit(ctx, userID, account.PhoneVerified{Number: number})
	}
	return nil
}

// Phones returns the number of the logged-in user, if there is one.
func (s *Service) Phones(ctx context.Context, sess *login.Session) ([]account.Phone, error) {
	phone, err := s.phoneOf(ctx, sess.UserID())
	if err != nil || phone == nil {
		return nil, err
	}
	return []account.Phone{*phone}, nil
}

// CorrectablePhone returns the code of a login that waits for a number which the user can
// correct. Returns work.ErrNotPending if there is none.
func (s *Service) CorrectablePhone(ctx context.Context, sess *login.Session) (*AwaitedCode, error) {
	a, err := s.PhoneCode(ctx, sess)
	if err == nil && !a.CanChange() {
		return nil, work.ErrNotPending
	}
	return a, err
}

// ChangePhone texts a code to a new number of the logged-in user, or, with awaited,
// replaces the number for whose code a login waits. It returns the number as it will be
// stored. Returns authn.Errors for wrong input.
func (s *Flows) ChangePhone(ctx context.Context, sess *login.Session, awaited *AwaitedCode, input string) (account.Phone, error) {
	number, errs, err := s.cleanPhone(ctx, input, true)
	if err != nil {
		return account.Phone{}, err
	}
	if len(errs) > 0 {
		return account.Phone{}, errs
	}
	rows, onOthers, err := s.recoverableByPhone(ctx, number)
	if err != nil {
		return account.Phone{}, err
	}
	userID := sess.UserID()
	if awaited != nil {
		userID = awaited.UserID
	}
	taken := len(rows) > 0 && rows[0].UserID != userID
	switch {
	case taken && s.cfg.Enumeration == account.AllowEnumeration:
		return account.Phone{}, problem.List("phone", code.PhoneTaken)
	case awaited != nil:
		err = s.correctPhone(ctx, awaited, number, taken, onOthers)
	case len(rows) > 0 && !taken && rows[0].Verified:
		return account.Phone{}, problem.List("phone", code.SameAsCurrent)
	default:
		err = s.changeOwnPhone(ctx, sess, number)
	}
	return account.Phone{UserID: sess.UserID(), Number: number}, err
}

func (s *Flows) changeOwnPhone(ctx context.Context, sess *login.Session, number string) error {
	if err := s.requireRecentToAdd(ctx, sess); err != nil {
		return err
	}
	if err := s.takeVerifyPhone(ctx, sess, number); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		to := codes.Recipient{UserID: sess.UserID(), Contact: number}
		return s.sendOwn(ctx, sess, s.phoneCode(sess, nil), &sess.State.PhoneVerification, to)
	})
}

// correctPhone replaces the number for which a login waits: that of a sign-up at once,
// that of another login when it completes.
func (s *Flows) correctPhone(ctx context.Context, a *AwaitedCode, number string, taken, onOthers bool) error {
	if number == a.Subject {
		return problem.List("phone", code.SameAsCurrent)
	}
	if err := s.takeVerifyPhone(ctx, a.sess, number); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, a.sess, a.UserID, func(ctx context.Context) (err error) {
		l, taken := a.login(), taken
		if l.Signup {
			if taken, err = s.correctNumber(ctx, account.Phone{UserID: a.UserID, Number: number}, taken, onOthers); err != nil {
				return err
			}
			l.Phone = number
		} else {
			l.GivenPhone = &login.Given{Contact: number}
		}
		a.sess.SetLogin(l)
		to := codes.Recipient{UserID: a.UserID, Contact: number}
		if taken {
			to.Instead = func(ctx context.Context) error { return s.textAccountExists(ctx, number) }
		}
		_, err = a.Send(ctx, to)
		return err
	})
}

// correctNumber is correctAddress for a number.
func (s *Service) correctNumber(ctx context.Context, phone account.Phone, taken, onOthers bool) (bool, error) {
	if phone.UserID == "" || taken {
		return taken, s.correctDecoyNumber(ctx, phone.UserID)
	}
	old, err := s.phoneOf(ctx, phone.UserID)
	if err != nil {
		return false, err
	}
	if old != nil && old.Verified {
		return false, work.ErrNotPending
	}
	err = s.deps.Tx.InSavepoint(ctx, func(ctx context.Context) error { // as for a decoy, whose rows are rolled back
		if err := s.store.SetPhone(ctx, phone, !onOthers); err != nil {
			return fmt.Errorf("set phone number: %w", err)
		}
		return s.deleteDecoyNumber(ctx, "")
	})
	if errors.Is(err, authn.ErrConflict) {
		return true, nil
	}
	return false, err
}
