package accounts

import (
	"context"

	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
)

// canonicalPhone returns the form in which a new number is stored, and false if it is
// invalid.
func (s *Service) canonicalPhone(ctx context.Context, input string) (string, bool) {
	if s.cfg.Phone == nil || s.cfg.Phone.Normalize == nil {
		return identifier.Phone(input)
	}
	number, ok := s.cfg.Phone.Normalize(ctx, input)
	return number, ok && identifier.ValidPhone(number)
}

// knownPhone returns the form of the number under which accounts are looked up: that of
// new numbers, or, if no account has that one, the form without PhoneConfig.Normalize,
// under which older accounts may be stored. Returns authn.Errors for an invalid number.
func (s *Service) knownPhone(ctx context.Context, input string) (string, authn.Errors, error) {
	number, ok := s.canonicalPhone(ctx, input)
	plain, isPlain := identifier.Phone(input)
	switch {
	case ok && (!isPlain || plain == number):
		return number, nil, nil
	case !ok && !isPlain:
		return "", problem.List("phone", code.InvalidPhone), nil
	case !ok:
		return plain, nil, nil
	}
	rows, err := s.store.PhonesByNumber(ctx, number)
	if err == nil && len(rows) == 0 {
		number = plain
	}
	return number, nil, err
}
