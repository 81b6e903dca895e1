package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/users"
)

// AccountOf returns a user with their contacts, or authn.ErrNotFound.
func (s *Service) AccountOf(ctx context.Context, userID string) (*users.Account, error) {
	user, hash, err := s.stored(ctx, userID)
	if err != nil {
		return nil, err
	}
	c, err := s.contactsOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	a := &users.Account{User: user, HasPassword: password.Usable(hash), Invited: awaitsInvitation(hash)}
	for _, e := range c.emails {
		a.Emails = append(a.Emails, users.Email{Address: e.Email, Verified: e.Verified, Primary: e.Primary})
	}
	if c.phone != nil {
		a.Phone = users.Phone{Number: c.phone.Number, Verified: c.phone.Verified}
	}
	return a, nil
}

// stored returns a copy of a user as it is stored, and the password hash.
func (s *Service) stored(ctx context.Context, userID string) (*authn.User, string, error) {
	if userID == "" {
		return nil, "", authn.ErrNotFound
	}
	p, err := s.profile(ctx, userID)
	if err != nil {
		return nil, "", err
	}
	if p.User == nil {
		return nil, "", authn.ErrNotFound
	}
	user := *p.User
	return &user, p.PasswordHash, nil
}

// UserIDBy returns the id of the user with that identifier: the user who has verified the
// address or number, or else the first one who has it. Returns authn.ErrNotFound.
func (s *Service) UserIDBy(ctx context.Context, method account.LoginMethod, value string) (string, error) {
	var ids []string
	var err error
	switch method {
	case account.LoginByUsername:
		ids, err = s.usersByName(ctx, value)
	case account.LoginByPhone:
		number, ok := s.canonicalPhone(ctx, value)
		if !ok {
			number = value
		}
		ids, err = s.candidates(ctx, method, number)
	default:
		ids, err = s.candidates(ctx, method, value)
	}
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		return "", authn.ErrNotFound
	}
	return ids[0], nil
}

// ListUsers returns the ids of users and the cursor of the next page.
func (s *Service) ListUsers(ctx context.Context, f users.Filter) ([]string, string, error) {
	if s.directory == nil {
		return nil, "", users.ErrUnsupported
	}
	f.Prefix = identifier.Username(f.Prefix)
	if f.Limit <= 0 {
		f.Limit = defaultListed
	}
	f.Limit = min(f.Limit, users.MaxListed)
	return s.directory.ListUsers(ctx, f)
}

// defaultListed is the number of users on a page.
const defaultListed = 50

// byHost is a session of an administrative call, in which no user is logged in.
func byHost() *login.Session { return login.NewSession(login.Browser, authn.Client{}) }

// Administer calls f in a transaction that locks the user, with the user as it is stored.
// Returns authn.ErrNotFound if there is no such user.
func (s *Flows) Administer(ctx context.Context, userID string, f func(ctx context.Context, u *authn.User) error) error {
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		user, err := s.lock(ctx, userID)
		if err != nil {
			return err
		}
		return f(ctx, user)
	})
}

// lock locks a user and returns them. It locks no id without a user, which would leave a
// row behind. Returns authn.ErrNotFound if there is no such user.
func (s *Service) lock(ctx context.Context, userID string) (*authn.User, error) {
	if _, _, err := s.stored(ctx, userID); err != nil {
		return nil, err
	}
	if err := s.deps.Tx.LockUser(ctx, userID); err != nil {
		return nil, fmt.Errorf("lock user: %w", err)
	}
	user, _, err := s.stored(ctx, userID)
	return user, err
}

// storeUpdate stores the fields of a user.
func (s *Service) storeUpdate(ctx context.Context, u *authn.User) error {
	if s.directory == nil {
		return users.ErrUnsupported
	}
	if err := s.directory.UpdateUser(ctx, *u); err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	work.Forget(ctx, accountKey{u.ID, false})
	return nil
}

// UpdateUser changes the username, the display name or the custom fields. Returns
// authn.Errors if the username is invalid, authn.ErrConflict if it is taken, and
// users.ErrUnsupported if the host changes users itself.
func (s *Flows) UpdateUser(ctx context.Context, userID string, in users.Update) error {
	if s.directory == nil {
		return users.ErrUnsupported
	}
	if in.Username != nil {
		username, errs := knownUsername(*in.Username)
		if len(errs) > 0 {
			return errs
		}
		if s.cfg.LowercaseUsernames {
			username = strings.ToLower(username)
		}
		in.Username = &username
	}
	return s.Administer(ctx, userID, func(ctx context.Context, u *authn.User) error {
		var fields []string
		if in.Username != nil && *in.Username != u.Username {
			if err := s.rename(ctx, userID, *in.Username); err != nil {
				return err
			}
			u.Username, fields = *in.Username, append(fields, "username")
		}
		if in.Display != nil && *in.Display != u.Display {
			u.Display, fields = *in.Display, append(fields, "display")
		}
		if in.Extra != nil {
			u.Extra, fields = in.Extra, append(fields, "extra")
		}
		if len(fields) == 0 {
			return nil
		}
		work.Emit(ctx, userID, users.Updated{Fields: fields})
		return s.storeUpdate(ctx, u)
	})
}

// rename claims a username in place of the user's earlier ones.
func (s *Service) rename(ctx context.Context, userID, username string) error {
	if err := s.directory.ReleaseUsernames(ctx, userID); err != nil {
		return fmt.Errorf("release usernames: %w", err)
	}
	if username == "" {
		return nil
	}
	if err := claimUsername(ctx, s.store, userID, username, false); err != nil {
		return fmt.Errorf("claim username: %w", err)
	}
	return nil
}

// Disable disables a user, and ends all that could log them in again once they are
// enabled: sessions with their refresh tokens, pending logins, trust in browsers, codes,
// reset keys and invitations. Returns users.ErrUnsupported if the host disables users itself.
func (s *Flows) Disable(ctx context.Context, userID string) error {
	return s.Administer(ctx, userID, func(ctx context.Context, u *authn.User) error {
		if err := s.endAll(ctx, userID); err != nil || u.Disabled {
			return err
		}
		u.Disabled = true
		work.Emit(ctx, userID, users.Disabled{})
		return s.storeUpdate(ctx, u)
	})
}

// purposeLoginsEnded is the purpose of the challenge that records when the pending logins of
// a user were ended. They are in sessions without a user, which cannot be looked up.
const purposeLoginsEnded = "logins_ended"

// LoginsEnded implements login.Identifier.
func (s *Service) LoginsEnded(ctx context.Context, userID string) (time.Time, error) {
	c, err := s.codes.Find(ctx, purposeLoginsEnded, markID(purposeLoginsEnded, userID))
	if errors.Is(err, work.ErrNotPending) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("look up the end of logins: %w", err)
	}
	return c.CreatedAt, nil
}

// EndLogins ends the sessions and the pending logins of a user. It runs in a transaction that
// locks the user.
func (s *Flows) EndLogins(ctx context.Context, userID string) error {
	if err := s.sessions.EndAll(ctx, userID, ""); err != nil {
		return err
	}
	if err := s.codes.Store.DeleteUserChallenges(ctx, purposeLoginsEnded, userID); err != nil {
		return fmt.Errorf("delete the earlier end of logins: %w", err)
	}
	_, err := s.codes.Issue(ctx, authn.Challenge{ID: markID(purposeLoginsEnded, userID), Purpose: purposeLoginsEnded, UserID: userID}, "", s.deps.LoginTimeout)
	return err
}

// endAll ends the sessions and pending logins of a user, deletes all codes, keys and trust,
// and forgets all devices.
func (s *Flows) endAll(ctx context.Context, userID string) error {
	had, err := s.hasDevices(ctx, userID)
	if err != nil {
		return err
	}
	if err := s.codes.Store.DeleteUserChallenges(ctx, "", userID); err != nil {
		return fmt.Errorf("delete challenges: %w", err)
	}
	if had { // otherwise the next login would be the first one, about which no mail is sent
		if err := s.storeRecord(ctx, userID, deviceRecord{ForgottenAt: s.deps.Now().Unix()}, nil); err != nil {
			return err
		}
	}
	return s.EndLogins(ctx, userID)
}

// Enable enables a user, and ends again what Disable has ended: a login that crossed Disable
// may have stored a session after it. Returns users.ErrUnsupported if the host enables users
// itself.
func (s *Flows) Enable(ctx context.Context, userID string) error {
	return s.Administer(ctx, userID, func(ctx context.Context, u *authn.User) error {
		if !u.Disabled {
			return nil
		}
		if err := s.endAll(ctx, userID); err != nil {
			return err
		}
		u.Disabled = false
		work.Emit(ctx, userID, users.Enabled{})
		return s.storeUpdate(ctx, u)
	})
}

// addressOf returns an address of the user, the primary one for an empty input, and all
// addresses. Returns authn.ErrNotFound if the user does not have it, and users.ErrNoEmail
// if the user has none.
func (s *Service) addressOf(ctx context.Context, userID, input string) (account.EmailAddress, []account.EmailAddress, error) {
	emails, err := s.emailsOf(ctx, userID)
	if err != nil {
		return account.EmailAddress{}, nil, err
	}
	if input == "" {
		if len(emails) == 0 {
			return account.EmailAddress{}, nil, users.ErrNoEmail
		}
		return primary(emails), emails, nil
	}
	email, errs := cleanKnownEmail("email", input, true)
	if len(errs) > 0 {
		return account.EmailAddress{}, nil, errs
	}
	address, found := findEmail(emails, email)
	if !found {
		return account.EmailAddress{}, nil, authn.ErrNotFound
	}
	return address, emails, nil
}

// AddEmailOf adds an address to a user's account. Unless it is verified, the user gets a
// link to verify it, if addresses are verified by link. Returns authn.Errors for an
// address that cannot be added, and authn.ErrConflict if it is taken.
func (s *Flows) AddEmailOf(ctx context.Context, userID, input string, verified bool) error {
	email, errs := cleanKnownEmail("email", input, true)
	if len(errs) > 0 {
		return errs
	}
	return s.Administer(ctx, userID, func(ctx context.Context, _ *authn.User) error {
		emails, err := s.emailsOf(ctx, userID)
		if err != nil {
			return err
		}
		taken, err := s.isTaken(ctx, userID, email)
		if err != nil {
			return err
		}
		if _, found := findEmail(emails, email); found || taken {
			return authn.ErrConflict
		}
		if s.hasMaxEmails(emails) {
			return problem.List("email", code.MaxEmailAddresses)
		}
		if verified {
			return s.addVerified(ctx, userID, email)
		}
		blocked, err := s.factors.BlocksEmail(ctx, userID)
		if err != nil {
			return err
		}
		if blocked {
			return problem.List("email", code.AddEmailBlocked)
		}
		return s.storeNewEmail(ctx, userID, email, false)
	})
}

// addVerified adds an address that the host has verified.
func (s *Flows) addVerified(ctx context.Context, userID, email string) error {
	address := account.EmailAddress{UserID: userID, Email: email, CreatedAt: s.deps.Now()}
	if err := s.store.AddEmail(ctx, address, false); err != nil {
		return fmt.Errorf("add email address: %w", err)
	}
	work.Emit(ctx, userID, account.EmailAdded{Email: email})
	if err := s.deleteResetKeys(ctx, userID); err != nil {
		return err
	}
	return s.verifyOf(ctx, address)
}

// verifyOf marks an address as verified, which ends the claims of other users.
func (s *Flows) verifyOf(ctx context.Context, address account.EmailAddress) error {
	_, err := s.markVerified(ctx, byHost(), address, "email")
	var errs authn.Errors
	if errors.As(err, &errs) {
		return authn.ErrConflict
	}
	if err != nil {
		return err
	}
	return s.replaceOthers(ctx, byHost(), address)
}

// SetEmailVerified marks an address of a user as verified. Returns authn.ErrNotFound if
// the user does not have it, authn.ErrConflict if another user has verified it.
func (s *Flows) SetEmailVerified(ctx context.Context, userID, input string) error {
	return s.Administer(ctx, userID, func(ctx context.Context, _ *authn.User) error {
		address, _, err := s.addressOf(ctx, userID, input)
		if err != nil || address.Verified {
			return err
		}
		return s.verifyOf(ctx, address)
	})
}

// SetPrimaryOf makes an address of a user the primary one. Returns authn.ErrNotFound if
// the user does not have it, authn.ErrConflict if it is unverified and another one is
// not.
func (s *Flows) SetPrimaryOf(ctx context.Context, userID, input string) error {
	return s.Administer(ctx, userID, func(ctx context.Context, _ *authn.User) error {
		address, emails, err := s.addressOf(ctx, userID, input)
		if err != nil || address.Primary {
			return err
		}
		if !address.Verified && anyVerified(emails) {
			return authn.ErrConflict
		}
		owner, err := s.Identify(ctx, userID)
		if err != nil {
			return err
		}
		return s.makePrimary(ctx, byHost(), owner, emails, address.Email)
	})
}

// makePrimary makes an address the primary one, publishes the event and mails the owner.
func (s *Service) makePrimary(ctx context.Context, sess *login.Session, owner *login.Identity, emails []account.EmailAddress, email string) error {
	if err := s.store.SetPrimaryEmail(ctx, owner.User.ID, email); err != nil {
		return fmt.Errorf("set primary email address: %w", err)
	}
	if err := s.deleteResetKeys(ctx, owner.User.ID); err != nil {
		return err
	}
	return s.announceEmailChange(ctx, sess, owner, shownEmail(emails), email)
}

// SendPasswordReset mails a link to reset the password to an address of a user, the
// primary one if it is empty. It makes an invitation invalid.
func (s *Flows) SendPasswordReset(ctx context.Context, userID, input string) error {
	if s.deps.ProvidersOnly {
		return errOnlyProviders
	}
	return s.Administer(ctx, userID, func(ctx context.Context, u *authn.User) error {
		address, emails, err := s.addressOf(ctx, userID, input)
		switch {
		case err != nil:
			return err
		case u.Disabled, !address.Verified && anyVerified(emails): // the link would be refused
			return authn.ErrConflict
		}
		if err := s.deleteInvitations(ctx, userID); err != nil {
			return err
		}
		return s.mailResetLink(ctx, address.Email, u, map[string]any{})
	})
}

// SendVerification mails a link to verify an address of a user, the primary one if it is
// empty. Returns authn.ErrConflict if it is verified, by this user or another one, and
// users.ErrUnsupported if addresses are verified by code, which a login sends.
func (s *Flows) SendVerification(ctx context.Context, userID, input string) error {
	if s.cfg.EmailVerificationByCode != nil {
		return fmt.Errorf("addresses are verified by code, at the login: %w", users.ErrUnsupported)
	}
	return s.Administer(ctx, userID, func(ctx context.Context, _ *authn.User) error {
		address, _, err := s.addressOf(ctx, userID, input)
		if err != nil {
			return err
		}
		taken, err := s.isTaken(ctx, userID, address.Email)
		if err != nil {
			return err
		}
		if address.Verified || taken {
			return authn.ErrConflict
		}
		sent, err := s.mailLink(ctx, address, false)
		if err == nil && !sent {
			return ratelimit.ErrLimited
		}
		return err
	})
}
