package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/ratelimit"
)

// Emails lists the logged-in user's addresses, and the one that waits for its
// code.
func (s *Service) Emails(ctx context.Context, sess *flow.Session) ([]EmailAddress, error) {
	if !sess.Authenticated() {
		return nil, flow.ErrUnauthenticated
	}
	emails, err := s.store.EmailsByUser(ctx, sess.UserID())
	if err != nil {
		return nil, fmt.Errorf("load e-mail addresses: %w", err)
	}
	if s.cfg.EmailVerificationByCode == nil {
		return emails, nil
	}
	c, err := s.emailChallenge(ctx, sess)
	if errors.Is(err, flow.ErrNotPending) {
		return emails, nil
	}
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(emails, func(e EmailAddress) bool { return e.Email == c.Subject }) {
		emails = append(emails, EmailAddress{UserID: c.UserID, Email: c.Subject, CreatedAt: c.CreatedAt})
	}
	return emails, nil
}

// AddEmail adds an address to the logged-in user's account, to be verified, or
// corrects the one that a new user is asked to verify.
func (s *Service) AddEmail(ctx context.Context, sess *flow.Session, input string) error {
	if !sess.Authenticated() {
		return s.changeAwaitedEmail(ctx, sess, input)
	}
	email, errs := cleanEmail("email", input, true)
	if len(errs) > 0 {
		return errs
	}
	taken, err := s.checkNewEmail(ctx, sess, email)
	if err != nil {
		return err
	}
	if err := s.requireRecent(ctx, sess); err != nil {
		return err
	}
	if s.cfg.EmailVerificationByCode != nil {
		return s.awaitNewEmail(ctx, sess, email, taken)
	}
	return s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		return s.storeNewEmail(ctx, sess, email, taken)
	})
}

// checkNewEmail refuses an address that can not be added, and reports whether
// another user has verified it.
func (s *Service) checkNewEmail(ctx context.Context, sess *flow.Session, email string) (taken bool, err error) {
	emails, err := s.store.EmailsByUser(ctx, sess.UserID())
	if err != nil {
		return false, fmt.Errorf("load e-mail addresses: %w", err)
	}
	if slices.ContainsFunc(emails, func(e EmailAddress) bool { return e.Email == email }) {
		return false, problems("email", "duplicate_email")
	}
	rows, err := s.store.EmailsByAddress(ctx, email)
	if err != nil {
		return false, fmt.Errorf("look up e-mail address: %w", err)
	}
	if len(rows) > 0 && s.cfg.Enumeration == AllowEnumeration {
		return false, problems("email", "email_taken")
	}
	if len(emails) >= s.cfg.MaxEmailAddresses && !s.cfg.ChangeEmail {
		return false, problems("email", "max_email_addresses")
	}
	if s.cfg.EmailVerificationByCode == nil {
		blocked, err := s.pipeline.BlocksEmail(ctx, sess.UserID())
		if err != nil {
			return false, err
		}
		if blocked {
			return false, problems("email", "add_email_blocked")
		}
	}
	return len(rows) > 0 && rows[0].Verified, nil
}

func (s *Service) storeNewEmail(ctx context.Context, sess *flow.Session, email string, taken bool) error {
	if s.cfg.ChangeEmail {
		if err := s.dropUnverified(ctx, sess); err != nil {
			return err
		}
	}
	address := EmailAddress{UserID: sess.UserID(), Email: email, CreatedAt: s.deps.Now()}
	err := s.store.AddEmail(ctx, address, false)
	if errors.Is(err, authn.ErrConflict) {
		return problems("email", "duplicate_email")
	}
	if err != nil {
		return fmt.Errorf("add e-mail address: %w", err)
	}
	sess.Emit(EmailAdded{UserID: address.UserID, Email: email})
	if err := s.voidResetKeys(ctx, address.UserID); err != nil {
		return err
	}
	if taken {
		return s.mailAccountExists(ctx, email)
	}
	_, err = s.mailLink(ctx, address, false)
	return err
}

// dropUnverified deletes the address that was about to replace the current one.
func (s *Service) dropUnverified(ctx context.Context, sess *flow.Session) error {
	emails, err := s.store.EmailsByUser(ctx, sess.UserID())
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	for _, e := range emails {
		if e.Verified || e.Primary {
			continue
		}
		if err := s.store.DeleteEmail(ctx, e.UserID, e.Email); err != nil && !errors.Is(err, authn.ErrNotFound) {
			return fmt.Errorf("delete e-mail address: %w", err)
		}
	}
	return nil
}

// awaitNewEmail mails a code to an address that is stored once the code came
// back. To an address that somebody else has verified it mails no code.
func (s *Service) awaitNewEmail(ctx context.Context, sess *flow.Session, email string, taken bool) error {
	if err := s.takeConfirmEmail(ctx, email); err != nil {
		return err
	}
	return s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		if err := s.deps.Challenges.Store.DeleteUserChallenges(ctx, purposeVerifyEmail, sess.UserID()); err != nil {
			return fmt.Errorf("void earlier codes: %w", err)
		}
		cfg := s.cfg.EmailVerificationByCode
		code, err := cfg.Format.New(s.deps.Rand)
		if err != nil {
			return err
		}
		challenge, err := s.deps.Challenges.Issue(ctx, authn.Challenge{
			Purpose: purposeVerifyEmail, UserID: sess.UserID(), Subject: email, MaxAttempts: cfg.MaxAttempts,
		}, code, cfg.Timeout)
		if err != nil {
			return err
		}
		if err := sess.SetSlot(slotEmail, challenge.ID); err != nil {
			return err
		}
		if taken {
			return s.mailAccountExists(ctx, email)
		}
		return s.mailEmailCode(ctx, challenge, code, false)
	})
}

// ResendEmail sends the verification of one of the user's addresses again.
// flow.ErrForbidden if it was not sent.
func (s *Service) ResendEmail(ctx context.Context, sess *flow.Session, input string) error {
	address, err := s.ownEmail(ctx, sess, input)
	if err != nil {
		return err
	}
	if s.cfg.EmailVerificationByCode == nil {
		sent, err := s.mailLink(ctx, address, false)
		if err == nil && !sent {
			return flow.ErrForbidden
		}
		return err
	}
	c, err := s.emailChallenge(ctx, sess)
	if errors.Is(err, flow.ErrNotPending) || err == nil && c.Subject != address.Email {
		return s.awaitNewEmail(ctx, sess, address.Email, false)
	}
	if err != nil {
		return err
	}
	err = s.ResendEmailCode(ctx, sess)
	if errors.Is(err, flow.ErrNotPending) {
		return flow.ErrForbidden
	}
	return err
}

// SetPrimaryEmail makes one of the user's addresses the primary one.
func (s *Service) SetPrimaryEmail(ctx context.Context, sess *flow.Session, input string) error {
	address, emails, err := s.primaryCandidate(ctx, sess, input)
	if err != nil {
		return err
	}
	if err := s.requireRecent(ctx, sess); err != nil {
		return err
	}
	old := primary(emails)
	return s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		if err := s.store.SetPrimaryEmail(ctx, sess.UserID(), address.Email); err != nil {
			return fmt.Errorf("set primary e-mail address: %w", err)
		}
		if err := s.voidResetKeys(ctx, sess.UserID()); err != nil {
			return err
		}
		if err := s.announceEmailChange(ctx, sess, sess.UserID(), old.Email, address.Email); err != nil {
			return err
		}
		return s.refresh(ctx, sess)
	})
}

// CheckPrimaryEmail returns what is wrong with an address as the primary one.
func (s *Service) CheckPrimaryEmail(ctx context.Context, sess *flow.Session, input string) error {
	_, _, err := s.primaryCandidate(ctx, sess, input)
	return err
}

// primaryCandidate returns one of the user's addresses that may become the
// primary one, and all of them.
func (s *Service) primaryCandidate(ctx context.Context, sess *flow.Session, input string) (EmailAddress, []EmailAddress, error) {
	address, err := s.ownEmail(ctx, sess, input)
	if err != nil {
		return EmailAddress{}, nil, err
	}
	emails, err := s.store.EmailsByUser(ctx, sess.UserID())
	if err != nil {
		return EmailAddress{}, nil, fmt.Errorf("load e-mail addresses: %w", err)
	}
	stored := slices.ContainsFunc(emails, func(e EmailAddress) bool { return e.Email == address.Email })
	proved := slices.ContainsFunc(emails, func(e EmailAddress) bool { return e.Verified })
	if !stored || !address.Verified && proved {
		return EmailAddress{}, nil, problems("email", "unverified_primary_email")
	}
	return address, emails, nil
}

// RemoveEmail deletes one of the user's addresses, or drops the one that waits
// for its code.
func (s *Service) RemoveEmail(ctx context.Context, sess *flow.Session, input string) error {
	address, err := s.ownEmail(ctx, sess, input)
	if err != nil {
		return err
	}
	emails, err := s.store.EmailsByUser(ctx, sess.UserID())
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	if !slices.ContainsFunc(emails, func(e EmailAddress) bool { return e.Email == address.Email }) {
		sess.DropSlot(slotEmail)
		return nil
	}
	if !s.canRemove(address, emails) {
		return problems("email", "cannot_remove_primary_email")
	}
	if err := s.requireRecent(ctx, sess); err != nil {
		return err
	}
	return s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		err := s.store.DeleteEmail(ctx, sess.UserID(), address.Email)
		if errors.Is(err, authn.ErrNotFound) {
			return problems("email", "unknown_email")
		}
		if err != nil {
			return fmt.Errorf("delete e-mail address: %w", err)
		}
		if err := s.voidResetKeys(ctx, sess.UserID()); err != nil {
			return err
		}
		sess.Emit(EmailRemoved{UserID: sess.UserID(), Email: address.Email})
		if err := s.refresh(ctx, sess); err != nil {
			return err
		}
		return s.notify(ctx, sess, "account/email_deleted", sess.Identity.Email, map[string]any{"DeletedEmail": address.Email})
	})
}

// canRemove keeps an address that is the primary one among several, and the
// last one where it is what people log in with.
func (s *Service) canRemove(address EmailAddress, emails []EmailAddress) bool {
	others := len(emails) > 1
	if address.Primary && others {
		return false
	}
	onlyByEmail := len(s.cfg.LoginMethods) == 1 && s.cfg.logsInBy(LoginByEmail)
	return others || !onlyByEmail
}

// ownEmail finds the address among those of the logged-in user.
func (s *Service) ownEmail(ctx context.Context, sess *flow.Session, input string) (EmailAddress, error) {
	email, errs := cleanEmail("email", input, true)
	if len(errs) > 0 {
		return EmailAddress{}, errs
	}
	emails, err := s.Emails(ctx, sess)
	if err != nil {
		return EmailAddress{}, err
	}
	for _, e := range emails {
		if e.Email == email {
			return e, nil
		}
	}
	return EmailAddress{}, problems("email", "unknown_email")
}

// changeAwaitedEmail corrects the address that a new user is asked to verify by
// code. flow.ErrNotPending unless one is awaited and may be changed.
func (s *Service) changeAwaitedEmail(ctx context.Context, sess *flow.Session, input string) error {
	if err := s.CheckAwaitedEmailChange(ctx, sess); err != nil {
		return err
	}
	c, err := s.emailChallenge(ctx, sess)
	if err != nil {
		return err
	}
	email, errs := cleanEmail("email", input, true)
	if len(errs) > 0 {
		return errs
	}
	if email == c.Subject {
		return problems("email", "same_as_current")
	}
	claims, err := s.claimants(ctx, email)
	if err != nil {
		return err
	}
	if len(claims) > 0 && s.cfg.Enumeration == AllowEnumeration {
		return problems("email", "email_taken")
	}
	if err := s.takeConfirmEmail(ctx, email); err != nil {
		return err
	}
	login := s.pipeline.Pending(sess, flow.StageVerifyEmail)
	old := c.Subject
	c.Subject, c.Changes = email, c.Changes+1
	return s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		taken := len(claims) > 0
		if c.UserID != "" && !taken {
			err := s.replaceAddress(ctx, c.UserID, old, email)
			if err != nil && !errors.Is(err, authn.ErrConflict) {
				return err
			}
			taken = err != nil
		}
		if taken {
			if err := s.mailAccountExists(ctx, email); err != nil {
				return err
			}
			// Nobody will read the code: a secret that is nobody's never matches.
			return s.deps.Challenges.Reissue(ctx, c, "")
		}
		login.Email = email
		sess.SetLogin(login)
		return s.reissueEmailCode(ctx, sess, c)
	})
}

// replaceAddress puts a corrected address in the place of an unproved one.
func (s *Service) replaceAddress(ctx context.Context, userID, old, email string) error {
	address := EmailAddress{UserID: userID, Email: email, CreatedAt: s.deps.Now()}
	if err := s.store.AddEmail(ctx, address, !s.acceptsDuplicates()); err != nil {
		return fmt.Errorf("add e-mail address: %w", err)
	}
	if err := s.store.SetPrimaryEmail(ctx, userID, email); err != nil {
		return fmt.Errorf("set primary e-mail address: %w", err)
	}
	err := s.store.DeleteEmail(ctx, userID, old)
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("delete e-mail address: %w", err)
	}
	return nil
}

// CheckAwaitedEmailChange returns flow.ErrNotPending unless a new user who is
// not logged in may correct the address that is being verified.
func (s *Service) CheckAwaitedEmailChange(ctx context.Context, sess *flow.Session) error {
	login := s.pipeline.Pending(sess, flow.StageVerifyEmail)
	if s.cfg.EmailVerificationByCode == nil || login == nil {
		return flow.ErrNotPending
	}
	if err := s.checkUnproved(ctx, login); err != nil {
		return err
	}
	c, err := s.emailChallenge(ctx, sess)
	if err == nil && c.Changes >= s.cfg.EmailVerificationByCode.Changes {
		return flow.ErrNotPending
	}
	return err
}

// checkUnproved returns flow.ErrNotPending if the user has proved an address or
// a number before: who logs in anew may not replace these, somebody who has
// never got in yet may correct them.
func (s *Service) checkUnproved(ctx context.Context, login *flow.Login) error {
	if login.Signup {
		return nil
	}
	emails, err := s.store.EmailsByUser(ctx, login.UserID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	if slices.ContainsFunc(emails, func(e EmailAddress) bool { return e.Verified }) {
		return flow.ErrNotPending
	}
	phone, err := s.store.PhoneByUser(ctx, login.UserID)
	switch {
	case errors.Is(err, authn.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("load phone number: %w", err)
	case phone.Verified:
		return flow.ErrNotPending
	}
	return nil
}

// AwaitedEmail lists the address that a new user is asked to verify.
func (s *Service) AwaitedEmail(ctx context.Context, sess *flow.Session) ([]EmailAddress, error) {
	c, err := s.emailChallenge(ctx, sess)
	if err != nil {
		return nil, err
	}
	return []EmailAddress{{UserID: c.UserID, Email: c.Subject, Primary: true, CreatedAt: c.CreatedAt}}, nil
}

// TakeManageEmail charges the limit on changes of addresses.
func (s *Service) TakeManageEmail(ctx context.Context, sess *flow.Session) error {
	user := sess.UserID()
	if l := s.pipeline.Login(sess); user == "" && l != nil {
		user = l.UserID
	}
	_, err := s.deps.Limits.Take(ctx, ratelimit.ActionManageEmail, ratelimit.Subject{IP: sess.Client.IP, User: user})
	return err
}

// requireRecent asks for a recent proof of identity, unless the host does
// without.
func (s *Service) requireRecent(ctx context.Context, sess *flow.Session) error {
	if s.cfg.AllowStaleSessions {
		return nil
	}
	return s.pipeline.RequireRecent(ctx, sess, s.cfg.ReauthenticationTimeout)
}
