package account

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

// trunkZeroKept are the country codes behind which a zero in brackets is part of
// the number: Italy, San Marino and Vatican City.
var trunkZeroKept = []string{"+39", "+378", "+379"}

// CanonicalPhone returns a phone number in E.164 form, such as +31612345678. It
// reads what people write: digits of any script, spaces, hyphens, dots, slashes
// and brackets, 00 in place of the plus sign, and the (0) of a number that is
// also dialled inside its country. A number without its country code is not
// valid: CanonicalPhone reports false for it, and for any other text.
func CanonicalPhone(input string) (string, bool) {
	var b strings.Builder
	for _, r := range norm.NFKC.String(input) {
		switch {
		case unicode.IsDigit(r):
			b.WriteString(flow.NormalizeCode(string(r)))
		case strings.ContainsRune("+()", r):
			b.WriteRune(r)
		case unicode.IsLetter(r) && r != '\u30fc', r <= unicode.MaxASCII && !strings.ContainsRune(" \t-./", r):
			return "", false
		}
	}
	number := b.String()
	if national, ok := strings.CutPrefix(strings.TrimLeft(number, "()"), "00"); ok {
		number = "+" + national
	}
	number = strings.TrimLeft(number, "()")
	zero := ""
	if slices.ContainsFunc(trunkZeroKept, func(code string) bool { return strings.HasPrefix(number, code) }) {
		zero = "0"
	}
	number = strings.Replace(number, "(0)", zero, 1)
	number = strings.NewReplacer("(", "", ")", "").Replace(number)
	return number, phoneNumber.MatchString(number)
}

// canonicalPhone returns the form in which a new number is stored.
func (s *Service) canonicalPhone(ctx context.Context, input string) (string, bool) {
	if s.cfg.Phone == nil || s.cfg.Phone.Normalize == nil {
		return CanonicalPhone(input)
	}
	number, ok := s.cfg.Phone.Normalize(ctx, input)
	return number, ok && phoneNumber.MatchString(number)
}

// knownPhone returns the form in which an account may have the number: that of
// new numbers or, where no account has that one, the form without
// PhoneConfig.Normalize, in which older accounts have theirs.
func (s *Service) knownPhone(ctx context.Context, input string) (string, authn.Errors, error) {
	number, ok := s.canonicalPhone(ctx, input)
	plain, isPlain := CanonicalPhone(input)
	switch {
	case ok && (!isPlain || plain == number):
		return number, nil, nil
	case !ok && !isPlain:
		return "", problems("phone", "invalid_phone"), nil
	case !ok:
		return plain, nil, nil
	}
	rows, err := s.store.PhonesByNumber(ctx, number)
	if err == nil && len(rows) == 0 {
		number = plain
	}
	return number, nil, err
}
