package accounts

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
)

// hasher is a password.Hasher that tells an observer how long hashes take.
type hasher struct {
	*password.Hasher
	observer authn.Observer // nil: off
}

func (h hasher) observe(ctx context.Context, name string, f func(ctx context.Context) error) error {
	if h.observer == nil {
		return f(ctx)
	}
	ctx, end := h.observer.Begin(ctx, authn.Operation{Kind: authn.OperationHash, Name: name})
	err := f(ctx)
	switch {
	case err == nil || errors.Is(err, password.ErrTooLong):
		end("")
	case errors.Is(err, password.ErrBusy):
		end("busy")
	case errors.Is(err, context.Canceled):
		end("cancelled")
	default:
		end("error")
	}
	return err
}

// Hash is that of password.Hasher.
func (h hasher) Hash(ctx context.Context, pass string) (hash string, err error) {
	err = h.observe(ctx, "hash", func(ctx context.Context) error {
		hash, err = h.Hasher.Hash(ctx, pass)
		return err
	})
	return hash, err
}

// Rehash is that of password.Hasher.
func (h hasher) Rehash(ctx context.Context, pass string) (hash string, err error) {
	err = h.observe(ctx, "upgrade", func(ctx context.Context) error {
		hash, err = h.Hasher.Rehash(ctx, pass)
		return err
	})
	return hash, err
}

// VerifyAll is that of password.Hasher.
func (h hasher) VerifyAll(ctx context.Context, pass string, encoded ...string) (c password.Comparison, err error) {
	err = h.observe(ctx, "verify", func(ctx context.Context) error {
		c, err = h.Hasher.VerifyAll(ctx, pass, encoded...)
		return err
	})
	return c, err
}
