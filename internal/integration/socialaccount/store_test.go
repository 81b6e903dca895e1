package socialaccount_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage"
)

func TestStoreKeepsAccounts(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		ctx, now := t.Context(), time.Now().UTC().Truncate(time.Microsecond)
		a := socialaccount.Account{
			UserID: "1", Provider: "op", UID: "Ann", ExtraData: []byte(`{"a":1}`), Token: []byte{0, 1, 255}, CreatedAt: now, LastLogin: now,
		}
		want(t, nil, store.CreateSocialAccount(ctx, a))
		other := a
		other.UserID = "2"
		want(t, authn.ErrConflict, store.CreateSocialAccount(ctx, other))
		for _, name := range [][2]string{{"op", "ann"}, {"OP", "Ann"}, {"op", "Ann "}} { // exactly, including case and blanks
			_, err := store.SocialAccount(ctx, name[0], name[1])
			want(t, authn.ErrNotFound, err)
		}
		got, err := store.SocialAccount(ctx, "op", "Ann")
		want(t, nil, err)
		if fmt.Sprint(*got) != fmt.Sprint(a) {
			t.Fatalf("stored %v, got %v", a, *got)
		}
		b := a
		b.UID, b.Token = "Bob", nil
		want(t, nil, store.CreateSocialAccount(ctx, b))
		list, err := store.SocialAccountsByUser(ctx, "1")
		want(t, nil, err)
		if len(list) != 2 || list[0].UID != "Ann" || list[1].UID != "Bob" || list[1].Token != nil {
			t.Fatalf("accounts %v", list)
		}
		a.ExtraData, a.LastLogin = []byte(`{}`), now.Add(time.Hour)
		want(t, nil, store.UpdateSocialAccount(ctx, a))
		want(t, nil, store.UpdateSocialAccount(ctx, a)) // the same again
		want(t, authn.ErrNotFound, store.UpdateSocialAccount(ctx, other))
		if got, err = store.SocialAccount(ctx, "op", "Ann"); err != nil || string(got.ExtraData) != "{}" || !got.LastLogin.Equal(a.LastLogin) || len(got.Token) != 3 {
			t.Fatalf("after an update %v, %v", got, err)
		}
		want(t, authn.ErrNotFound, store.DeleteSocialAccount(ctx, "2", "op", "Ann"))
		want(t, nil, store.DeleteSocialAccount(ctx, "1", "op", "Ann"))
		want(t, authn.ErrNotFound, store.DeleteSocialAccount(ctx, "1", "op", "Ann"))
		want(t, nil, store.ForgetUser(ctx, "1"))
		if list, err := store.SocialAccountsByUser(ctx, "1"); err != nil || len(list) != 0 {
			t.Fatalf("after forgetting %v, %v", list, err)
		}
	})
}

func TestStoreSwapsTokens(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		ctx := t.Context()
		want(t, authn.ErrNotFound, store.SwapSocialToken(ctx, "op", "ann", nil, []byte("x")))
		want(t, nil, store.CreateSocialAccount(ctx, socialaccount.Account{UserID: "1", Provider: "op", UID: "ann", ExtraData: []byte("{}")}))
		want(t, authn.ErrConflict, store.SwapSocialToken(ctx, "op", "ann", []byte("x"), []byte("y")))
		var won atomic.Int64
		clienttest.Parallel(crowd, func(i int) {
			err := store.SwapSocialToken(ctx, "op", "ann", nil, fmt.Append(nil, "token ", i))
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, authn.ErrConflict) {
				t.Error(err)
			}
		})
		if won.Load() != 1 {
			t.Fatalf("%d swapped, want one", won.Load())
		}
	})
}

func TestStoreHasOneWinner(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		ctx := t.Context()
		var created, deleted atomic.Int64
		clienttest.Parallel(crowd, func(i int) {
			a := socialaccount.Account{UserID: fmt.Sprint(i), Provider: "op", UID: "ann", ExtraData: []byte("{}")}
			switch err := store.CreateSocialAccount(ctx, a); {
			case err == nil:
				created.Add(1)
			case !errors.Is(err, authn.ErrConflict):
				t.Error(err)
			}
		})
		a, err := store.SocialAccount(ctx, "op", "ann")
		want(t, nil, err)
		clienttest.Parallel(crowd, func(int) {
			switch err := store.DeleteSocialAccount(ctx, a.UserID, "op", "ann"); {
			case err == nil:
				deleted.Add(1)
			case !errors.Is(err, authn.ErrNotFound):
				t.Error(err)
			}
		})
		if created.Load() != 1 || deleted.Load() != 1 {
			t.Fatalf("%d created, %d deleted, want one each", created.Load(), deleted.Load())
		}
	})
}

func TestStoreUndoesAccounts(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		kept := socialaccount.Account{UserID: "1", Provider: "op", UID: "kept", ExtraData: []byte("{}")}
		want(t, nil, store.CreateSocialAccount(t.Context(), kept))
		undone := errors.New("undone")
		want(t, undone, store.InTx(t.Context(), func(ctx context.Context) error {
			want(t, nil, store.CreateSocialAccount(ctx, socialaccount.Account{UserID: "1", Provider: "op", UID: "new", ExtraData: []byte("{}")}))
			want(t, authn.ErrConflict, store.CreateSocialAccount(ctx, kept)) // leaves the transaction usable
			want(t, nil, store.DeleteSocialAccount(ctx, "1", "op", "kept"))
			if list, err := store.SocialAccountsByUser(ctx, "1"); err != nil || len(list) != 1 || list[0].UID != "new" {
				t.Errorf("inside: %v, %v", list, err)
			}
			return undone
		}))
		if list, err := store.SocialAccountsByUser(t.Context(), "1"); err != nil || len(list) != 1 || list[0].UID != "kept" {
			t.Fatalf("after undoing: %v, %v", list, err)
		}
	})
}

func want(t *testing.T, want, got error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error %v, want %v", got, want)
	}
}
