package codes_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/storage/memstore"
)

// One of two requests that reissue a code at the same time is too late. A decoy
// behaves alike, so that the answer does not tell whether there is an account.
func TestOfTwoReissuesOneWins(t *testing.T) {
	t.Parallel()
	keys, err := keyring.New([][]byte{[]byte("0123456789abcdef0123456789abcdef")}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	challenges := codes.Challenges{Store: memstore.New(), Deps: &work.Deps{Keys: keys, Now: time.Now, Rand: rand.Reader}}
	ctx := context.Background()
	for name, secret := range map[string]string{"real": "BCDF-GHJK", "decoy": ""} {
		issued, err := challenges.Issue(ctx, authn.Challenge{Purpose: "login_code", MaxAttempts: 3}, secret, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		first, second := *issued, *issued
		if secret != "" {
			secret = "LMNP-QRST"
		}
		if err := challenges.Reissue(ctx, &first, secret); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := challenges.Reissue(ctx, &second, secret); !errors.Is(err, work.ErrNotPending) {
			t.Errorf("%s: the second one got %v", name, err)
		}
		stored, err := challenges.Find(ctx, "login_code", issued.ID)
		if err != nil || challenges.Matches(stored, "") {
			t.Errorf("%s: an empty code matches, %v", name, err)
		}
	}
}
