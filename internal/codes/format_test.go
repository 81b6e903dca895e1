package codes_test

import (
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/codes"
)

func TestTheShapeOfACode(t *testing.T) {
	t.Parallel()
	letters, digits := account.CodeFormat{}, account.CodeFormat{Numeric: true, Length: 6}
	own := account.CodeFormat{Alphabet: "ABCDEFghij0123", Length: 6}
	for _, one := range []struct {
		format account.CodeFormat
		code   string
		want   bool
	}{
		{letters, "BCDF-GHJK", true}, {letters, "bcdfghjk", true}, {letters, "BCDFGHJ", false}, {letters, "BCDFGHJKL", false},
		{letters, "ABCDFGHJ", false}, {letters, "12345678", false}, {letters, "", false},
		{digits, "123 456", true}, {digits, "१२३४५६", true}, {digits, "12345", false}, {digits, "1234567", false}, {digits, "12345o", false}, {digits, "12345é", false},
		{own, "abcGHI", true}, {own, "abcGHX", false},
	} {
		if got := codes.Fits(one.format, one.code); got != one.want {
			t.Errorf("%q fits %+v: %v", one.code, one.format, got)
		}
	}
}
