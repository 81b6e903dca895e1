package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
)

// NewAccount is an account that the host makes itself: an import from another
// system, an invitation, somebody at a desk.
type NewAccount struct {
	// NewUser is what the store of users gets. Email, Username and Phone may be
	// empty, whatever the sign-up form asks for. They may have a form that a
	// sign-up refuses and other systems accepted: an address that [KnownEmail]
	// takes, a username with @ or of several scripts.
	authn.NewUser
	// AllowUsernameTwin accepts a username that differs from another user's in case
	// only, as tables of other systems may hold. Each user logs in by the exact
	// spelling of the name; other spellings belong to the user who was imported
	// first. A name in lower case has to be imported before its twins, or it is
	// taken. The exact rule is that of [CanonicalUsername].
	AllowUsernameTwin bool
	// EmailVerified says that the host knows whose address it is. Where it is
	// false the first login asks for a proof, as after a sign-up.
	EmailVerified bool
	// PhoneVerified says the same of the telephone number.
	PhoneVerified bool
	// PasswordHash is a hash that another system made, in one of the formats
	// that package password knows. It is upgraded at the first login. Empty: no
	// password yet.
	PasswordHash string
}

// CreateUser makes an account in one transaction. No form is asked for, no hook
// is called and nothing is mailed. authn.Errors if the address, the username or
// the number is not valid, authn.ErrConflict if one is taken (see
// AllowUsernameTwin), password.ErrUnsupportedHash.
func (s *Service) CreateUser(ctx context.Context, in NewAccount) (*authn.User, error) {
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
	err = s.deps.Post.InTx(ctx, func(ctx context.Context) error {
		id, err := s.create(ctx, &newAccount{user: user, hash: in.PasswordHash, allowTwin: in.AllowUsernameTwin}, opts)
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

// cleanUser brings what identifies a user into its canonical form.
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

// knownUsername returns the username of another system as it is stored.
func knownUsername(value string) (string, authn.Errors) {
	switch {
	case utf8.RuneCountInString(value) > maxUsernameLength:
		return "", problems("username", "max_length")
	case !utf8.ValidString(value), strings.ContainsFunc(value, unicode.IsControl), strings.TrimSpace(value) != value:
		return "", problems("username", "invalid")
	}
	return value, nil
}

// claimUsername gives the user the name in its canonical form, or, where a twin
// has that form and may, as it is spelled. usersByName looks for both.
func (s *Service) claimUsername(ctx context.Context, userID string, account *newAccount) error {
	name := CanonicalUsername(account.user.Username)
	err := s.store.ClaimUsername(ctx, userID, name)
	if account.allowTwin && name != account.user.Username && errors.Is(err, authn.ErrConflict) {
		return s.store.ClaimUsername(ctx, userID, account.user.Username)
	}
	return err
}
