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

const (
	purposeVerifyPhone = "phone_verification"
)

// PhoneEnabled reports whether accounts have telephone numbers.
func (s *Service) PhoneEnabled() bool { return s.cfg.Phone != nil }

// EnterVerifyPhone is the stage that waits until the number is proved. Users
// without one pass even if sign-ups require one: a user whose recovery removed a
// stranger's number could not log in to add their own.
func (s *Service) EnterVerifyPhone(ctx context.Context, sess *login.Session, l *login.Attempt) (login.Verdict, error) {
	ctx = work.AcceptEarlier(ctx)
	present, _ := signupField(s.cfg, "phone")
	if !present || s.cfg.Phone.VerificationDisabled {
		return login.Pass, nil
	}
	if l.GivenPhone != nil && l.GivenPhone.Verified {
		return login.Pass, nil
	}
	l.GivenPhone = nil // an earlier attempt did not come to its proof
	phone, err := s.rowsOf(l.UserID).PhoneByUser(ctx, l.UserID)
	switch {
	case l.UserID == "" && l.Phone != "" && errors.Is(err, authn.ErrNotFound):
		phone = &account.Phone{Number: l.Phone}
	case errors.Is(err, authn.ErrNotFound):
		return login.Pass, nil
	case err != nil:
		return login.Abort, fmt.Errorf("load phone number: %w", err)
	case phone.Verified:
		return login.Pass, nil
	}
	return login.Wait, s.awaitPhone(ctx, sess, l, phone.Number)
}

func (s *Service) awaitPhone(ctx context.Context, sess *login.Session, l *login.Attempt, number string) error {
	if err := s.takeVerifyPhone(ctx, sess, number); err != nil {
		return err
	}
	code, err := s.awaitedPhoneCode(ctx, l.UserID, number)
	if err != nil {
		return err
	}
	c, err := s.issuePhoneCode(ctx, l.UserID, number, code)
	if err != nil {
		return err
	}
	l.PhoneVerification = c.ID
	return nil
}

// awaitedPhoneCode draws the code that a login waits for, or none for a decoy,
// or for a number that another user has verified.
func (s *Service) awaitedPhoneCode(ctx context.Context, userID, number string) (string, error) {
	taken, err := s.isPhoneTaken(ctx, userID, number)
	if err != nil || taken {
		return "", err
	}
	return s.codeFor(userID, s.cfg.Phone.Format)
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

func (s *Service) issuePhoneCode(ctx context.Context, userID, number, code string) (*authn.Challenge, error) {
	cfg := s.cfg.Phone
	c, err := s.codes.Issue(ctx, authn.Challenge{
		Purpose: purposeVerifyPhone, UserID: userID, Subject: number, MaxAttempts: cfg.MaxAttempts,
	}, code, cfg.Timeout)
	if err != nil || code == "" {
		return c, err // the owner is told that they have an account
	}
	return c, s.textCode(ctx, "verification_code", c, code)
}

// textCode texts a code to the subject of its challenge. The empty code of a
// decoy is dropped.
func (s *Service) textCode(ctx context.Context, kind string, c *authn.Challenge, code string) error {
	left := c.ExpiresAt.Sub(s.deps.Now())
	post, code := s.postFor(code)
	return post.Text(ctx, kind, c.Subject, map[string]any{"Code": code, "ExpiresIn": codes.InWords(left)}, left)
}

func (s *Service) textUnknownAccount(ctx context.Context, number string) error {
	return s.deps.Post.Text(ctx, "unknown_account", number, map[string]any{}, messageLifetime)
}

// phoneChallenge returns the verification under way: that of a login which
// waits, or that of a logged-in user. work.ErrNotPending if there is none.
func (s *Service) phoneChallenge(ctx context.Context, sess *login.Session) (*authn.Challenge, error) {
	l, id := sess.Pending(login.StageVerifyPhone), ""
	if l != nil {
		id = l.Notes.PhoneVerification
	} else if sess.Authenticated() {
		id = sess.State.Slots.PhoneVerification
	}
	return s.awaited(ctx, sess, l, purposeVerifyPhone, id)
}

// CheckPhonePending returns work.ErrNotPending unless the session waits for the
// code of a number.
func (s *Service) CheckPhonePending(ctx context.Context, sess *login.Session) error {
	_, err := s.phoneChallenge(ctx, sess)
	return err
}

// VerifyPhone proves a number by the code that was texted to it. A login that
// waited for it goes on.
func (s *Flows) VerifyPhone(ctx context.Context, sess *login.Session, typed string) error {
	c, err := s.phoneChallenge(ctx, sess)
	if err != nil {
		return err
	}
	c, err = s.tryCode(ctx, sess, c, "code", typed, func() { s.dropPhoneProcess(sess) })
	if err != nil {
		return err
	}
	err = s.pipeline.Change(ctx, sess, c.UserID, func(ctx context.Context) error {
		if err := s.codes.Consume(ctx, c); err != nil {
			return err
		}
		l := sess.Pending(login.StageVerifyPhone)
		if l != nil && l.GivenPhone != nil {
			taken, err := s.isPhoneTaken(ctx, c.UserID, c.Subject)
			if err != nil {
				return err
			}
			if taken {
				return problem.List("code", code.PhoneTaken)
			}
			l.GivenPhone = l.GivenPhone.AsVerified()
			sess.SetLogin(l)
			return s.pipeline.Pass(ctx, sess, login.StageVerifyPhone)
		}
		if l != nil {
			if err := s.requireOnAccount(ctx, c); err != nil {
				return err
			}
		}
		if err := s.provePhone(ctx, sess, c.UserID, c.Subject); err != nil {
			return err
		}
		if l != nil {
			return s.pipeline.Pass(ctx, sess, login.StageVerifyPhone)
		}
		login.Drop(sess, &sess.State.PhoneVerification)
		return nil
	})
	if errors.Is(err, work.ErrNotPending) {
		sess.SetLogin(nil)
	}
	return err
}

func (s *Service) dropPhoneProcess(sess *login.Session) {
	if sess.Pending(login.StageVerifyPhone) != nil {
		sess.SetLogin(nil)
	}
	login.Drop(sess, &sess.State.PhoneVerification)
}

// provePhone stores the number as the user's, verified.
func (s *Service) provePhone(ctx context.Context, sess *login.Session, userID, number string) error {
	old, err := s.store.PhoneByUser(ctx, userID)
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("load phone number: %w", err)
	}
	if err != nil || old.Number != number {
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
	if old == nil || old.Number != number {
		changed := account.PhoneChanged{UserID: userID, To: number}
		if old != nil {
			changed.From = old.Number
		}
		work.Emit(ctx, changed)
	}
	if old == nil || old.Number != number || !old.Verified {
		work.Emit(ctx, account.PhoneVerified{UserID: userID, Number: number})
	}
	return nil
}

// ResendPhoneCode texts a new code to the number of a login that waits.
// work.ErrNotPending if none does or no more may be asked for.
func (s *Service) ResendPhoneCode(ctx context.Context, sess *login.Session) error {
	if sess.Pending(login.StageVerifyPhone) == nil {
		return work.ErrNotPending
	}
	c, err := s.phoneChallenge(ctx, sess)
	if err != nil {
		return err
	}
	if c.Resends >= s.cfg.Phone.Resends {
		return work.ErrNotPending
	}
	if err := s.takeVerifyPhone(ctx, sess, c.Subject); err != nil {
		return err
	}
	c.Resends++
	return s.reissuePhoneCode(ctx, sess, c)
}

func (s *Service) reissuePhoneCode(ctx context.Context, sess *login.Session, c *authn.Challenge) error {
	code, err := s.awaitedPhoneCode(ctx, c.UserID, c.Subject)
	if err != nil {
		return err
	}
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := s.codes.Reissue(ctx, c, code); err != nil {
			return err
		}
		return s.textCode(ctx, "verification_code", c, code)
	})
}

// Phones lists the logged-in user's number, if there is one.
func (s *Service) Phones(ctx context.Context, sess *login.Session) ([]account.Phone, error) {
	if !sess.Authenticated() {
		return nil, work.ErrUnauthenticated
	}
	phone, err := s.store.PhoneByUser(ctx, sess.UserID())
	if errors.Is(err, authn.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load phone number: %w", err)
	}
	return []account.Phone{*phone}, nil
}

// CheckPhoneChange returns work.ErrNotPending unless the user is logged in, or a
// login waits for a number that can be corrected.
func (s *Service) CheckPhoneChange(ctx context.Context, sess *login.Session) error {
	if sess.Authenticated() {
		return nil
	}
	l := sess.Pending(login.StageVerifyPhone)
	if l == nil {
		return work.ErrNotPending
	}
	c, err := s.phoneChallenge(ctx, sess)
	if err == nil && c.Changes >= changesOf(&s.cfg.Phone.CodeConfig, l.Signup) {
		return work.ErrNotPending
	}
	return err
}

// TakeChangePhone charges the limit on changes of numbers.
func (s *Service) TakeChangePhone(ctx context.Context, sess *login.Session) (ratelimit.Attempt, error) {
	return s.deps.Limits.Take(ctx, ratelimit.ActionChangePhone, s.changeSubject(sess, func(l *login.Attempt) string { return l.Notes.PhoneVerification }))
}

// ChangePhone starts the verification of a new number, or corrects the one that a
// login waits for. The number is returned as it will be stored.
func (s *Flows) ChangePhone(ctx context.Context, sess *login.Session, input string) (account.Phone, error) {
	number, errs, err := s.cleanPhone(ctx, input, true)
	if err != nil {
		return account.Phone{}, err
	}
	if len(errs) > 0 {
		return account.Phone{}, errs
	}
	rows, silent, err := s.phoneClaimants(ctx, number)
	if err != nil {
		return account.Phone{}, err
	}
	userID := sess.UserID()
	if l := sess.Login(); l != nil {
		userID = l.UserID
	}
	taken := len(rows) > 0 && rows[0].UserID != userID
	if taken && s.cfg.Enumeration == account.AllowEnumeration {
		return account.Phone{}, problem.List("phone", code.PhoneTaken)
	}
	if sess.Authenticated() {
		err = s.changeOwnPhone(ctx, sess, number, rows)
	} else {
		err = s.changeAwaitedPhone(ctx, sess, number, taken, silent)
	}
	return account.Phone{UserID: sess.UserID(), Number: number}, err
}

func (s *Flows) changeOwnPhone(ctx context.Context, sess *login.Session, number string, rows []account.Phone) error {
	if len(rows) > 0 && rows[0].UserID == sess.UserID() && rows[0].Verified {
		return problem.List("phone", code.SameAsCurrent)
	}
	if err := s.requireRecentToAdd(ctx, sess); err != nil {
		return err
	}
	if err := s.takeVerifyPhone(ctx, sess, number); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		if err := s.codes.Store.DeleteUserChallenges(ctx, purposeVerifyPhone, sess.UserID()); err != nil {
			return fmt.Errorf("void earlier codes: %w", err)
		}
		code, err := codes.NewCode(s.cfg.Phone.Format, s.deps.Rand)
		if err != nil {
			return err
		}
		c, err := s.issuePhoneCode(ctx, sess.UserID(), number, code)
		if err != nil {
			return err
		}
		login.Put(sess, &sess.State.PhoneVerification, c.ID)
		return nil
	})
}

// changeAwaitedPhone corrects the number that a login waits for: that of a sign-up
// at once, that of any other login when it completes.
func (s *Flows) changeAwaitedPhone(ctx context.Context, sess *login.Session, number string, taken, silent bool) error {
	c, err := s.phoneChallenge(ctx, sess)
	if err != nil {
		return err
	}
	if number == c.Subject {
		return problem.List("phone", code.SameAsCurrent)
	}
	if err := s.takeVerifyPhone(ctx, sess, number); err != nil {
		return err
	}
	l := sess.Pending(login.StageVerifyPhone)
	c.Subject, c.Changes = number, c.Changes+1
	return s.pipeline.Change(ctx, sess, c.UserID, func(ctx context.Context) error {
		taken := taken
		if l.Signup {
			var err error
			if taken, err = s.correctNumber(ctx, account.Phone{UserID: c.UserID, Number: number}, taken, silent); err != nil {
				return err
			}
		}
		if l.Signup {
			l.Phone = number
		} else {
			l.GivenPhone = &login.Given{Contact: number}
		}
		sess.SetLogin(l)
		if taken {
			if _, err := s.store.PhonesByNumber(ctx, number); err != nil { // as for a free number
				return fmt.Errorf("look up phone number: %w", err)
			}
			if err := s.textAccountExists(ctx, number); err != nil {
				return err
			}
			return s.codes.Reissue(ctx, c, "")
		}
		return s.reissuePhoneCode(ctx, sess, c)
	})
}

// checkUnverifiedPhone returns work.ErrNotPending if the number of the user was
// verified meanwhile.
func (s *Service) checkUnverifiedPhone(ctx context.Context, userID string) error {
	phone, err := s.store.PhoneByUser(ctx, userID)
	switch {
	case errors.Is(err, authn.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("load phone number: %w", err)
	case phone.Verified:
		return work.ErrNotPending
	}
	return nil
}

// correctNumber is correctAddress for a number.
func (s *Service) correctNumber(ctx context.Context, phone account.Phone, taken, silent bool) (bool, error) {
	if phone.UserID == "" || taken {
		return taken, s.correctDecoyNumber(ctx, phone.UserID)
	}
	if err := s.checkUnverifiedPhone(ctx, phone.UserID); err != nil {
		return false, err
	}
	err := s.deps.Tx.InSavepoint(ctx, func(ctx context.Context) error { // as a decoy, which is undone
		if err := s.claimPhone(ctx, phone, silent); err != nil {
			return fmt.Errorf("set phone number: %w", err)
		}
		return s.deleteDecoyNumber(ctx, "")
	})
	if errors.Is(err, authn.ErrConflict) {
		return true, nil
	}
	return false, err
}
