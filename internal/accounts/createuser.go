package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
)

// CreateUser creates an account in one transaction. It calls no hook and sends no mail.
// Returns
//   - authn.Errors if the address, the username or the number is invalid,
//   - authn.ErrConflict if one of them is taken (see authn.NewAccount.AllowUsernameTwin),
//   - password.ErrUnsupportedHash if in.PasswordHash has an unknown format.
func (s *Service) CreateUser(ctx context.Context, in authn.NewAccount) (*authn.User, error) {
	if in.PasswordHash != "" && !password.Supported(in.PasswordHash) {
		return nil, password.ErrUnsupportedHash
	}
	user, err := s.cleanUser(ctx, in.NewUser)
	if err != nil {
		return nil, err
	}
	opts := SignupOptions{EmailVerified: in.EmailVerified}
	if in.PhoneVerified && user.Phone != "" {
		opts.AfterCreate = func(ctx context.Context, userID string) error {
			return s.store.VerifyPhone(ctx, userID, user.Phone)
		}
	}
	var created *authn.User
	err = s.deps.InTx(ctx, func(ctx context.Context) error {
		draft := &newAccount{user: user, hash: in.PasswordHash, allowTwin: in.AllowUsernameTwin}
		if user.Email != "" {
			var err error
			if _, draft.emailOnOthers, err = s.recoverableByEmail(ctx, user.Email); err != nil {
				return err
			}
		}
		if user.Phone != "" {
			var err error
			if _, draft.phoneOnOthers, err = s.recoverableByPhone(ctx, user.Phone); err != nil {
				return err
			}
		}
		id, err := s.create(ctx, s.rows, draft, opts)
		if err != nil {
			return err
		}
		if created, err = s.deps.Users.UserByID(ctx, id); err != nil {
			return fmt.Errorf("load user: %w", err)
		}
		return nil
	})
	return created, err
}

// cleanUser returns the user with address, username and number in their canonical form,
// or authn.Errors.
func (s *Service) cleanUser(ctx context.Context, user authn.NewUser) (authn.NewUser, error) {
	var errs authn.Errors
	user.Email, errs = cleanKnownEmail("email", user.Email, false)
	username, usernameErrs := knownUsername(user.Username)
	phone, phoneErrs, phoneErr := s.cleanPhone(ctx, user.Phone, false)
	if phoneErr != nil {
		return user, phoneErr
	}
	if s.cfg.LowercaseUsernames {
		username = strings.ToLower(username)
	}
	user.Username, user.Phone = username, phone
	if errs = append(append(errs, usernameErrs...), phoneErrs...); len(errs) > 0 {
		return user, errs
	}
	return user, nil
}

// knownUsername returns a username of another system, or authn.Errors if it cannot be
// stored.
func knownUsername(value string) (string, authn.Errors) {
	switch {
	case utf8.RuneCountInString(value) > identifier.MaxUsernameLength:
		return "", problem.List("username", code.MaxLength)
	case !utf8.ValidString(value), strings.ContainsFunc(value, unicode.IsControl), strings.TrimSpace(value) != value:
		return "", problem.List("username", code.Invalid)
	}
	return value, nil
}

// claimUsername stores the username in its canonical form. If another user has that form
// and draft.allowTwin is set, it stores the username as it is spelled. usersByName finds
// both. Returns authn.ErrConflict if the username is taken.
func claimUsername(ctx context.Context, rows account.UsernameStore, userID string, draft *newAccount) error {
	name := identifier.Username(draft.user.Username)
	err := rows.ClaimUsername(ctx, userID, name)
	if draft.allowTwin && name != draft.user.Username && errors.Is(err, authn.ErrConflict) {
		return rows.ClaimUsername(ctx, userID, draft.user.Username)
	}
	return err
}
