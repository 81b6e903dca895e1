package idtoken_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/idtoken"
)

// A token is accepted until it expires, and for an hour at most.
func TestCheckTellsUntilWhenATokenIsAccepted(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	for text, want := range map[string]time.Duration{
		`{"iat":1000000,"exp":1000600}`:                    11 * time.Minute,
		`{"iat":1000000,"exp":1003600}`:                    61 * time.Minute,
		`{"iat":1000000,"exp":315000000000}`:               0,
		`{"iat":1000000,"exp":31500000000}`:                61 * time.Minute,
		`{"iat":997000,"exp":31500000000,"nbf":1000000.5}`: 11 * time.Minute,
		`{"iat":"1000000","exp":1000600}`:                  0,
		`{"iat":1000000,"exp":"1000600"}`:                  0,
		`{"iat":1000000}`:                                  0,
		`{"exp":1000600}`:                                  0,
		`{"iat":996339,"exp":1000600}`:                     0,
		`{"iat":1000061,"exp":1000600}`:                    0,
		`{"iat":1000000,"exp":999939}`:                     0,
		`{"iat":1000000,"exp":1000600,"nbf":1000061}`:      0,
		`{"iat":1000000,"exp":1000600,"nbf":"x"}`:          0,
		`null`: 0,
	} {
		var claims map[string]any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&claims); err != nil {
			t.Fatal(err)
		}
		until, err := idtoken.Check(claims, now)
		if want == 0 && err == nil || want > 0 && (err != nil || !until.Equal(now.Add(want))) {
			t.Errorf("%s: until %v, error %v, want %v", text, until, err, now.Add(want))
		}
	}
}
