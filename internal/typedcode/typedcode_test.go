package typedcode_test

import (
	"testing"
	"unicode"

	"github.com/allauth-go/allauth/internal/typedcode"
)

func TestCodesAreReadAsPeopleMeanThem(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"": "", " \u00a0\u3000-": "",
		"BCDF-GHJK": "bcdfghjk", "bcdf ghjk": "bcdfghjk", "bcdf.ghjk,": "bcdfghjk", "“BCDF-GHJK”": "bcdfghjk",
		"ＢＣＤＦ－ＧＨＪＫ": "bcdfghjk", "BCDF\u2011GHJK\u00ad": "bcdfghjk", "\ufeffBCDF\u200b\u2060GHJK\u200e": "bcdfghjk",
		"123 456": "123456", "123\u00a0456": "123456", "123\u202f456\t": "123456", "１２３　４５６": "123456",
		"123\u2013456": "123456", "123\u2212456": "123456", "123\u30fc456": "123456", "123\uff70456": "123456", "123\u05be456": "123456",
		"١٢٣٤٥٦": "123456", "۱۲۳۴۵۶": "123456", "१२३ ४५६": "123456", "১২৩৪৫৬": "123456", "๑๒๓๔๕๖": "123456", "𝟏𝟐𝟑𝟜𝟝𝟞": "123456", "𑁧𑁨𑁩𑁪𑁫𑁬": "123456",
		"1\ufe0f\u20e32\ufe0f\u20e3": "12",
		"12345é":                     "12345é", "一二三": "一二三",
	} {
		if got := typedcode.Normalize(typed); got != want {
			t.Errorf("%q is read as %q, want %q", typed, got, want)
		}
	}
	// Digits of a script lie together, or their values would be guessed wrong.
	for _, r := range unicode.Nd.R16 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("digits %U to %U", r.Lo, r.Hi)
		}
	}
	for _, r := range unicode.Nd.R32 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("digits %U to %U", r.Lo, r.Hi)
		}
	}
}
