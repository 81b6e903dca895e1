package accounts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/users"
)

// An account that waits for the user to accept an invitation has a mark in place of a
// password hash. Identify shows the user as disabled while it is there, so that neither a
// code, nor a provider, nor a reset that a client requests logs in to the account. The
// mark is replaced when the user accepts the invitation, or when the host sets a
// password.

const (
	purposeInvitation = "invitation"
	// invitationLifetime is how long an invitation is valid.
	invitationLifetime = 7 * 24 * time.Hour
	// invitationMark is the beginning of the mark. Other values that are not hashes have
	// no hyphen there.
	invitationMark = password.Unusable + "invitation-"
)

// awaitsInvitation reports whether an account with that password hash waits for the user
// to accept an invitation.
func awaitsInvitation(hash string) bool { return strings.HasPrefix(hash, invitationMark) }

// Invite mails an invitation to an address of a user, the primary one if it is empty.
// Returns authn.ErrConflict if the user is disabled or can already log in, or if another
// user has verified the address, and users.ErrUnsupported if users have no passwords.
func (s *Flows) Invite(ctx context.Context, userID, input string) error {
	if s.deps.ProvidersOnly {
		return errOnlyProviders
	}
	return s.Administer(ctx, userID, func(ctx context.Context, u *authn.User) error {
		address, _, err := s.addressOf(ctx, userID, input)
		if err != nil {
			return err
		}
		taken, err := s.isTaken(ctx, userID, address.Email)
		if err != nil {
			return err
		}
		inUse, err := s.isInUse(ctx, userID)
		if err != nil {
			return err
		}
		if u.Disabled || taken || inUse {
			return authn.ErrConflict
		}
		work.Emit(ctx, userID, users.Invited{Email: address.Email})
		return s.invite(ctx, u, address.Email)
	})
}

// errOnlyProviders is the error of calls that mail a link to choose a password.
var errOnlyProviders = fmt.Errorf("users log in through providers only: %w", users.ErrUnsupported)

// isInUse reports whether the user can log in other than by a mailed or texted code. An
// account that waits for an invitation is not in use.
func (s *Flows) isInUse(ctx context.Context, userID string) (bool, error) {
	hash, err := s.passwordHash(ctx, userID)
	if err != nil || awaitsInvitation(hash) {
		return false, err
	}
	sess := byHost()
	if sess.Identity, err = s.Identify(ctx, userID); err != nil {
		return false, err
	}
	only, err := s.pipeline.OnlyReauthenticatesBy(ctx, sess, login.StageLoginByCode)
	return !only, err
}

// invite makes the account wait for the user, and mails the invitation. Earlier ones
// become invalid, as does everything else with which the user could log in.
func (s *Flows) invite(ctx context.Context, u *authn.User, email string) error {
	old, err := s.passwordHash(ctx, u.ID)
	if err != nil {
		return err
	}
	mark, err := keyring.RandomID(s.deps.Rand)
	if err != nil {
		return err
	}
	if err := s.store.SwapPasswordHash(ctx, u.ID, old, invitationMark+mark); err != nil {
		return fmt.Errorf("store mark of invitation: %w", err)
	}
	if err := s.endAll(ctx, u.ID); err != nil {
		return err
	}
	key, err := s.codes.IssueKey(ctx, authn.Challenge{Purpose: purposeInvitation, UserID: u.ID, Subject: email}, invitationLifetime)
	if err != nil {
		return err
	}
	return s.mailKeyOf(ctx, "account/invitation", email, u, key, invitationLifetime, map[string]any{})
}

// deleteInvitations deletes the keys of invitations of a user.
func (s *Service) deleteInvitations(ctx context.Context, userID string) error {
	if err := s.codes.Store.DeleteUserChallenges(ctx, purposeInvitation, userID); err != nil {
		return fmt.Errorf("delete invitations: %w", err)
	}
	return nil
}

// acceptInvitation stores the password that the invited user has chosen, or, with an
// empty hash, none, and verifies the address to which the invitation was sent. It runs in
// the transaction that consumes the key. Returns work.ErrNotPending if the account does
// not wait for the user any more, or does not have the address.
func (s *Flows) acceptInvitation(ctx context.Context, reset *AwaitedCode, chosen newHash) error {
	userID := reset.UserID
	old, err := s.passwordHash(ctx, userID)
	if err != nil {
		return err
	}
	emails, err := s.emailsOf(ctx, userID)
	if err != nil {
		return err
	}
	if _, found := findEmail(emails, reset.Subject); !found || !awaitsInvitation(old) {
		return work.ErrNotPending
	}
	if chosen.hash == "" {
		if err := s.removePassword(ctx, userID); err != nil {
			return err
		}
	} else {
		if err := s.replacePassword(ctx, userID, authHash(old), chosen, ""); err != nil {
			return err
		}
		work.Emit(ctx, userID, account.PasswordSet{})
	}
	work.Emit(ctx, userID, users.InvitationAccepted{Email: reset.Subject})
	return s.ensureVerified(ctx, reset.sess, account.EmailAddress{UserID: userID, Email: reset.Subject}, "key")
}

// AcceptInvitation accepts an invitation and starts a login that waits for the passkey
// with which the invited user logs in. Returns authn.Errors for an invalid key.
func (s *Flows) AcceptInvitation(ctx context.Context, sess *login.Session, key string, prepare func(l *login.Attempt)) error {
	if sess.Authenticated() {
		return work.ErrNotPending
	}
	invited, err := s.matchReset(ctx, &AwaitedCode{sess: sess, slot: &sess.State.PasswordReset}, key)
	if err != nil {
		return err
	}
	if invited.Purpose != purposeInvitation {
		return invalidResetKey()
	}
	return s.consumeReset(ctx, invited, func(ctx context.Context) error {
		if err := s.acceptInvitation(ctx, invited, newHash{}); err != nil {
			return err
		}
		attempt := login.Attempt{UserID: invited.UserID, Email: invited.Subject}
		prepare(&attempt)
		return s.pipeline.Start(ctx, sess, attempt)
	})
}
