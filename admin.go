package allauth

import (
	"context"
	"fmt"

	"github.com/allauth-go/allauth/authn"
)

// cleanBatch bounds the rows that one store call deletes.
const cleanBatch = 1000

// Clean deletes what has expired, in bounded batches, until nothing is left or
// ctx ends. Call it now and then, from one server or from all.
func (a *Auth) Clean(ctx context.Context) error {
	for {
		n, err := a.store.Clean(ctx, a.cfg.Now(), cleanBatch)
		if err != nil {
			return fmt.Errorf("allauth: clean: %w", err)
		}
		if n < cleanBatch {
			return nil
		}
	}
}

// LogOutEverywhere ends all sessions of the user, and the trust in their
// browsers.
func (a *Auth) LogOutEverywhere(ctx context.Context, userID string) error {
	if err := a.pipeline.Distrust(ctx, userID); err != nil {
		return fmt.Errorf("allauth: %w", err)
	}
	if err := a.sessions.EndAll(ctx, userID, ""); err != nil {
		return fmt.Errorf("allauth: %w", err)
	}
	return nil
}

// CreateUser makes an account, as for an import from another system or an
// invitation: no form is asked for, no hook is called and nothing is mailed.
// SetPassword gives it a password, unless a hash comes with it. authn.Errors if
// the address, the username or the number is not valid, authn.ErrConflict if one
// is taken, password.ErrUnsupportedHash for a hash that can not be verified.
func (a *Auth) CreateUser(ctx context.Context, in authn.NewAccount) (*authn.User, error) {
	user, err := a.account.CreateUser(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("allauth: create user: %w", err)
	}
	return user, nil
}

// SetPassword gives the user a new password and ends all their sessions. The
// rules for passwords do not apply.
func (a *Auth) SetPassword(ctx context.Context, userID, password string) error {
	if err := a.account.SetPassword(ctx, userID, password); err != nil {
		return fmt.Errorf("allauth: set password: %w", err)
	}
	return nil
}

// ForgetUser deletes everything the library knows of the user. Users that live
// in the host's own table stay there.
func (a *Auth) ForgetUser(ctx context.Context, userID string) error {
	if err := a.store.ForgetUser(ctx, userID); err != nil {
		return fmt.Errorf("allauth: forget user: %w", err)
	}
	return nil
}
