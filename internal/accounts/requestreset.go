package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// RequestReset mails links to reset the password, or starts a reset by code. Returns
// authn.Errors for wrong input.
func (s *Service) RequestReset(ctx context.Context, sess *login.Session, input string) error {
	email, errs := cleanKnownEmail("email", input, true)
	if len(errs) > 0 {
		return errs
	}
	users, err := s.recoverableUsers(ctx, email)
	if err != nil {
		return err
	}
	var ids []string
	for _, user := range users {
		ids = append(ids, user.ID)
	}
	subject := ratelimit.Subject{IP: sess.Client.IP, Key: s.limitKey(sess, email, ids...)}
	if _, err := s.deps.Limits.Take(ctx, ratelimit.ActionResetPassword, subject); err != nil {
		return err
	}
	if len(users) == 0 && s.cfg.Enumeration == account.AllowEnumeration {
		return problem.List("email", code.UnknownEmail)
	}
	return s.deps.InTx(ctx, func(ctx context.Context) error { return s.sendReset(ctx, sess, email, users) })
}

// sendReset mails links to reset the password, or starts a reset by code.
func (s *Service) sendReset(ctx context.Context, sess *login.Session, email string, users []*authn.User) error {
	if s.cfg.PasswordResetByCode != nil {
		return s.startResetByCode(ctx, sess, email, users)
	}
	return s.mailResetLinks(ctx, email, users)
}

// recoverableUsers returns the users whose accounts the address can recover.
func (s *Service) recoverableUsers(ctx context.Context, email string) ([]*authn.User, error) {
	claims, _, err := s.recoverableByEmail(ctx, email)
	if err != nil {
		return nil, err
	}
	if len(claims) == 0 {
		return nil, s.lookUpDecoy(ctx)
	}
	var users []*authn.User
	for _, claim := range claims[:min(len(claims), maxCandidates)] {
		user, err := s.activeUser(ctx, claim.UserID)
		if errors.Is(err, authn.ErrNotFound) {
			noteDecoy(ctx)
			continue
		}
		if err != nil {
			return nil, err
		}
		users = append(users, user)
	}
	return users, nil
}

func (s *Service) mailResetLinks(ctx context.Context, email string, users []*authn.User) error {
	if len(users) == 0 {
		if _, err := s.issueResetKey(ctx, s.decoyUserID(email), email); err != nil { // the key is discarded
			return err
		}
		return s.mailUnknownAccount(ctx, email)
	}
	for _, user := range users {
		if err := s.mailResetLink(ctx, email, user, s.deps.Post.Origin(ctx, map[string]any{})); err != nil {
			return err
		}
	}
	return nil
}

// mailResetLink mails a link. It makes earlier links of the user, and an invitation,
// invalid. data says from where the link was requested, if by the user.
func (s *Service) mailResetLink(ctx context.Context, email string, user *authn.User, data map[string]any) error {
	key, err := s.issueResetKey(ctx, user.ID, email)
	if err != nil {
		return err
	}
	return s.mailKeyOf(ctx, "account/password_reset_key", email, user, key, s.cfg.PasswordResetTimeout, data)
}

// mailKeyOf mails a link with a key that sets the user's password.
func (s *Service) mailKeyOf(ctx context.Context, kind, email string, user *authn.User, key string, lifetime time.Duration, data map[string]any) error {
	data["Key"], data["URL"] = key, work.WithKey(s.deps.FrontendURLs.ResetPasswordFromKey, key)
	data["User"], data["Username"], data["ExpiresIn"] = login.NameOf(user), user.Username, lifetime
	return s.deps.Post.Mail(ctx, kind, email, user, data, lifetime)
}

// issueResetKey returns the key of a new reset link. It deletes earlier keys of the user.
func (s *Service) issueResetKey(ctx context.Context, userID, email string) (string, error) {
	if err := s.deleteResetKeys(ctx, userID); err != nil {
		return "", err
	}
	return s.codes.IssueKey(ctx, authn.Challenge{Purpose: purposeResetLink, UserID: userID, Subject: email}, s.cfg.PasswordResetTimeout)
}

// deleteResetKeys deletes all keys and codes with which the user's password could be
// reset.
func (s *Service) deleteResetKeys(ctx context.Context, userID string) error {
	for _, purpose := range []string{purposeResetLink, purposeResetCode} {
		if err := s.codes.Store.DeleteUserChallenges(ctx, purpose, userID); err != nil {
			return fmt.Errorf("delete reset keys: %w", err)
		}
	}
	return nil
}

// startResetByCode mails a code, which replaces that of this session. Codes of other
// sessions stay valid: otherwise their end would show that there is an account, and an
// attacker could prevent the owner's reset by requesting another.
func (s *Service) startResetByCode(ctx context.Context, sess *login.Session, email string, users []*authn.User) error {
	to := codes.Recipient{Contact: email}
	if len(users) > 0 {
		to.UserID = users[0].ID
	} else {
		to.Instead = func(ctx context.Context) error { return s.mailUnknownAccount(ctx, email) }
	}
	if earlier := sess.State.PasswordReset; earlier != "" {
		if err := s.codes.Store.DeleteChallenge(ctx, earlier); err != nil {
			return fmt.Errorf("delete the earlier code: %w", err)
		}
	}
	id, err := s.codes.New(s.resetCode()).Send(ctx, to)
	if err != nil {
		return err
	}
	login.Put(sess, &sess.State.PasswordReset, id)
	return nil
}
