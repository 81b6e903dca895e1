package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/users"
)

// CreateUsers creates accounts in one transaction, each in a savepoint of its own. It
// calls no hook, and mails nothing but invitations. The results are in the order of the
// list.
func (s *Flows) CreateUsers(ctx context.Context, list []users.Create) ([]users.Result, error) {
	cleaned, skipped := make([]users.Create, len(list)), make([][]users.Skipped, len(list))
	for i, in := range list {
		if (in.Disabled || in.ID != "") && s.directory == nil {
			return nil, users.ErrUnsupported
		}
		if in.Invite && s.deps.ProvidersOnly {
			return nil, errOnlyProviders
		}
		var err error
		if cleaned[i], skipped[i], err = s.cleanCreate(ctx, in); err != nil {
			return nil, err
		}
	}
	var results []users.Result
	err := s.deps.InTx(ctx, func(ctx context.Context) error {
		results = make([]users.Result, len(list))
		for i := range list {
			var err error
			if results[i], err = s.createUser(ctx, cleaned[i], slices.Clone(skipped[i])); err != nil {
				return err
			}
		}
		return nil
	})
	return results, err
}

// cleanCreate returns the user with all values in their stored form, without those that
// cannot be stored.
func (s *Service) cleanCreate(ctx context.Context, in users.Create) (users.Create, []users.Skipped, error) {
	var skipped []users.Skipped
	skip := func(field, value string, err error) {
		skipped = append(skipped, users.Skipped{Field: field, Value: value, Err: err})
	}
	username, errs := knownUsername(in.Username)
	if len(errs) > 0 {
		skip("username", in.Username, errs)
	}
	if in.Username = username; s.cfg.LowercaseUsernames {
		in.Username = strings.ToLower(username)
	}
	emails := in.Emails
	in.Emails = nil
	for _, e := range emails {
		canonical, errs := cleanKnownEmail("email", e.Address, true)
		if len(errs) > 0 {
			skip("email", e.Address, errs)
			continue
		}
		e.Address = canonical
		if !slices.ContainsFunc(in.Emails, func(known users.Email) bool { return known.Address == canonical }) {
			in.Emails = append(in.Emails, e)
		}
	}
	number, errs, err := s.cleanPhone(ctx, in.Phone.Number, false)
	if err != nil {
		return in, nil, err
	}
	if len(errs) > 0 {
		skip("phone", in.Phone.Number, errs)
		number = ""
	}
	in.Phone.Number = number
	switch {
	case !password.Usable(in.PasswordHash):
		in.PasswordHash = ""
	case in.Invite: // the user chooses one
		skip("password_hash", "", authn.ErrConflict)
		in.PasswordHash = ""
	case !password.Supported(in.PasswordHash):
		skip("password_hash", "", password.ErrUnsupportedHash)
		in.PasswordHash = ""
	}
	return in, skipped, nil
}

// taken is the error of a value that another user has.
type taken struct{ field, value string }

func (t *taken) Error() string { return t.field + " is taken" }

// createUser creates one account, without the values that other users have. The error is
// one of the store.
func (s *Flows) createUser(ctx context.Context, in users.Create, skipped []users.Skipped) (users.Result, error) {
	if in.Invite && in.Disabled {
		return users.Result{Skipped: skipped, Err: authn.ErrConflict}, nil
	}
	for {
		var user *authn.User
		err := s.deps.Tx.InSavepoint(ctx, func(ctx context.Context) (err error) {
			user, err = s.storeUser(ctx, in)
			return err
		})
		var t *taken
		switch {
		case errors.As(err, &t):
			skipped = append(skipped, users.Skipped{Field: t.field, Value: t.value, Err: authn.ErrConflict})
			in = without(in, t)
			continue
		case errors.Is(err, authn.ErrConflict), errors.Is(err, users.ErrInvalidID), errors.Is(err, users.ErrNoEmail):
			return users.Result{Skipped: skipped, Err: err}, nil
		case err != nil:
			return users.Result{}, err
		}
		work.Emit(ctx, user.ID, users.Created{})
		if in.Invite {
			work.Emit(ctx, user.ID, users.Invited{Email: primaryOf(in.Emails).Address})
		}
		return users.Result{User: user, Skipped: skipped}, nil
	}
}

// without returns the user without a value that is taken.
func without(in users.Create, t *taken) users.Create {
	switch t.field {
	case "username":
		in.Username = ""
	case "phone":
		in.Phone = users.Phone{}
	default:
		in.Emails = slices.DeleteFunc(slices.Clone(in.Emails), func(e users.Email) bool { return e.Address == t.value })
	}
	return in
}

// primaryOf returns the address that becomes the primary one, empty if there is none.
func primaryOf(emails []users.Email) users.Email {
	for _, chosen := range []func(users.Email) bool{
		func(e users.Email) bool { return e.Primary }, func(e users.Email) bool { return e.Verified }, func(users.Email) bool { return true },
	} {
		if i := slices.IndexFunc(emails, chosen); i >= 0 {
			return emails[i]
		}
	}
	return users.Email{}
}

// storeUser stores all rows of an account. Returns a *taken error for a value that
// another user has.
func (s *Flows) storeUser(ctx context.Context, in users.Create) (*authn.User, error) {
	main := primaryOf(in.Emails)
	fields := authn.NewUser{Username: in.Username, Email: main.Address, Phone: in.Phone.Number, Display: in.Display, Extra: in.Extra}
	var user *authn.User
	var err error
	if in.ID != "" {
		user, err = s.directory.CreateUserAs(ctx, in.ID, fields)
	} else if user, err = s.deps.Users.CreateUser(ctx, fields); errors.Is(err, authn.ErrConflict) && in.Username != "" {
		return nil, &taken{"username", in.Username}
	}
	if err != nil {
		return nil, fmt.Errorf("create user: %w", err)
	}
	if in.Username != "" {
		err := claimUsername(ctx, s.store, user.ID, in.Username, in.AllowUsernameTwin)
		if errors.Is(err, authn.ErrConflict) {
			return nil, &taken{"username", in.Username}
		}
		if err != nil {
			return nil, fmt.Errorf("claim username: %w", err)
		}
	}
	for _, e := range in.Emails {
		if err := s.storeEmailOf(ctx, user.ID, e, e.Address == main.Address); err != nil {
			return nil, err
		}
	}
	if err := s.storePhoneOf(ctx, user.ID, in.Phone); err != nil {
		return nil, err
	}
	if in.PasswordHash != "" {
		if err := s.store.SwapPasswordHash(ctx, user.ID, "", in.PasswordHash); err != nil {
			return nil, fmt.Errorf("set password: %w", err)
		}
	}
	if user, err = s.deps.Users.UserByID(ctx, user.ID); err != nil {
		return nil, fmt.Errorf("load user: %w", err)
	}
	if in.Disabled {
		user.Disabled = true
		if err := s.directory.UpdateUser(ctx, *user); err != nil {
			return nil, fmt.Errorf("disable user: %w", err)
		}
	}
	if in.Invite {
		if main.Address == "" {
			return nil, users.ErrNoEmail
		}
		return user, s.invite(ctx, user, main.Address)
	}
	return user, nil
}

// storeEmailOf stores an address of a new account. A verified one ends the claims of
// users who have it unverified.
func (s *Service) storeEmailOf(ctx context.Context, userID string, e users.Email, isPrimary bool) error {
	exclusive := false
	if !e.Verified {
		_, onOthers, err := s.recoverableByEmail(ctx, e.Address)
		if err != nil {
			return err
		}
		exclusive = s.exclusive(onOthers)
	}
	row := account.EmailAddress{UserID: userID, Email: e.Address, Verified: e.Verified, Primary: isPrimary, CreatedAt: s.deps.Now()}
	err := s.store.AddEmail(ctx, row, exclusive)
	if errors.Is(err, authn.ErrConflict) {
		return &taken{"email", e.Address}
	}
	if err != nil {
		return fmt.Errorf("add email address: %w", err)
	}
	return nil
}

// storePhoneOf is storeEmailOf for a number, which may be empty.
func (s *Service) storePhoneOf(ctx context.Context, userID string, p users.Phone) error {
	if p.Number == "" {
		return nil
	}
	exclusive := false
	if !p.Verified {
		_, onOthers, err := s.recoverableByPhone(ctx, p.Number)
		if err != nil {
			return err
		}
		exclusive = !onOthers
	}
	err := s.store.SetPhone(ctx, account.Phone{UserID: userID, Number: p.Number, Verified: p.Verified}, exclusive)
	if errors.Is(err, authn.ErrConflict) {
		return &taken{"phone", p.Number}
	}
	if err != nil {
		return fmt.Errorf("add phone number: %w", err)
	}
	return nil
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
// and allowTwin is set, it stores the username as it is spelled. usersByName finds both.
// Returns authn.ErrConflict if the username is taken.
func claimUsername(ctx context.Context, rows account.UsernameStore, userID, username string, allowTwin bool) error {
	name := identifier.Username(username)
	err := rows.ClaimUsername(ctx, userID, name)
	if allowTwin && name != username && errors.Is(err, authn.ErrConflict) {
		return rows.ClaimUsername(ctx, userID, username)
	}
	return err
}
