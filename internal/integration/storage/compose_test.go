package storage_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/storetest"
	"github.com/allauth-go/allauth/users"
)

// A store of which every part was replaced passes the tests of a whole store.
func TestComposedStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storage.Store {
		other := memstore.New()
		return storage.Compose(memstore.New(), storage.Parts{Sessions: other, Challenges: other, RateLimits: other})
	}, storetest.Elsewhere("Sessions", "Challenges"))
	storetest.Run(t, func(*testing.T) storage.Store {
		base := memstore.New()
		return storage.Compose(base, storage.Parts{Phones: otherPhones{base}})
	})
	storetest.Run(t, func(*testing.T) storage.Store {
		base := memstore.New()
		return storage.Compose(base, storage.Parts{
			Users: base, Passwords: base, Emails: base, Usernames: base, Phones: base, Authenticators: base,
			SocialAccounts: base, Outbox: base, RefreshTokens: base, RateLimits: base,
		})
	})
}

// otherPhones keeps numbers in the transactions of a store, which finds them under no
// user of its own.
type otherPhones struct{ store account.PhoneStore }

const elsewhere = "elsewhere "

func (o otherPhones) SetPhone(ctx context.Context, p account.Phone, exclusive bool) error {
	p.UserID = elsewhere + p.UserID
	return o.store.SetPhone(ctx, p, exclusive)
}

func (o otherPhones) VerifyPhone(ctx context.Context, userID, number string) error {
	return o.store.VerifyPhone(ctx, elsewhere+userID, number)
}

func (o otherPhones) DeletePhone(ctx context.Context, userID string) error {
	return o.store.DeletePhone(ctx, elsewhere+userID)
}

func (o otherPhones) PhoneByUser(ctx context.Context, userID string) (*account.Phone, error) {
	p, err := o.store.PhoneByUser(ctx, elsewhere+userID)
	if err != nil {
		return nil, err
	}
	return &account.Phone{UserID: userID, Number: p.Number, Verified: p.Verified}, nil
}

func (o otherPhones) PhonesByNumber(ctx context.Context, number string) ([]account.Phone, error) {
	list, err := o.store.PhonesByNumber(ctx, number)
	for i, p := range list {
		list[i] = account.Phone{UserID: strings.TrimPrefix(p.UserID, elsewhere), Number: p.Number, Verified: p.Verified}
	}
	return list, err
}

// part is a store that records the calls, and refuses them.
type part struct {
	*memstore.Store
	asked map[string]bool
}

var errAsked = errors.New("asked")

func (p part) ask(name string) error { p.asked[name] = true; return errAsked }

func (p part) UserByID(context.Context, string) (*authn.User, error) { return nil, p.ask("Users") }

func (p part) PasswordHash(context.Context, string) (string, error) { return "", p.ask("Passwords") }

func (p part) DeleteEmail(context.Context, string, string) error { return p.ask("Emails") }

func (p part) ClaimUsername(context.Context, string, string) error { return p.ask("Usernames") }

func (p part) DeletePhone(context.Context, string) error { return p.ask("Phones") }

func (p part) DeleteAuthenticator(context.Context, string, int64) error {
	return p.ask("Authenticators")
}

func (p part) DeleteSocialAccount(context.Context, string, string, string) error {
	return p.ask("SocialAccounts")
}

func (p part) DeleteMessage(context.Context, string) error { return p.ask("Outbox") }

func (p part) CreateRefreshToken(context.Context, token.RefreshToken) error {
	return p.ask("RefreshTokens")
}

func (p part) DeleteSession(context.Context, string) error { return p.ask("Sessions") }

func (p part) DeleteChallenge(context.Context, string) error { return p.ask("Challenges") }

func (p part) ReleaseUsernames(context.Context, string) error { return p.ask("Directory") }

func (p part) Directory() users.Directory { return p }

func (p part) ResetBuckets(context.Context, []string) error { return p.ask("RateLimits") }

func (p part) ForgetEvents(context.Context, string) error { return p.ask("Audit") }

// Each field of Parts replaces its part, and no other.
func TestOnePartIsReplaced(t *testing.T) {
	t.Parallel()
	fields := reflect.TypeFor[storage.Parts]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		p := part{memstore.New(), map[string]bool{}}
		var parts storage.Parts
		reflect.ValueOf(&parts).Elem().Field(i).Set(reflect.ValueOf(p))
		s, ctx := storage.Compose(memstore.New(), parts), t.Context()
		_, user := s.UserByID(ctx, "1")
		_, hash := s.PasswordHash(ctx, "1")
		asked := 0
		released := users.ErrUnsupported
		if d := s.Directory(); d != nil {
			released = d.ReleaseUsernames(ctx, "1")
		}
		for _, err := range []error{
			user, hash, released, s.DeleteEmail(ctx, "1", "a"), s.ClaimUsername(ctx, "1", "a"), s.DeletePhone(ctx, "1"),
			s.DeleteAuthenticator(ctx, "1", 1), s.DeleteSocialAccount(ctx, "1", "a", "b"), s.DeleteMessage(ctx, "a"),
			s.CreateRefreshToken(ctx, token.RefreshToken{ID: "a"}), s.DeleteSession(ctx, "1"), s.DeleteChallenge(ctx, "a"),
			s.ResetBuckets(ctx, nil), s.ForgetEvents(ctx, "1"),
		} {
			if errors.Is(err, errAsked) {
				asked++
			}
		}
		if asked != 1 || !p.asked[name] {
			t.Errorf("%s replaces %v", name, p.asked)
		}
	}
}

// The base of a composed store has none of the parts that are kept elsewhere, and
// takes part in the transactions of the whole.
func TestBaseReachesNoPart(t *testing.T) {
	t.Parallel()
	main := memstore.New()
	p := part{memstore.New(), map[string]bool{}}
	s := storage.Compose(storage.Compose(main, storage.Parts{Users: p, Emails: p, Phones: p}), storage.Parts{
		Passwords: p, Usernames: p, Outbox: p, SocialAccounts: p,
	})
	ctx, base := t.Context(), s.Base()
	err := s.InTx(ctx, func(ctx context.Context) error {
		for _, err := range []error{
			base.ClaimUsername(ctx, "1", "ann"), base.DeletePhone(ctx, "1"), base.DeleteMessage(ctx, "a"),
			base.SwapPasswordHash(ctx, "1", "", "hash"),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		return errAsked
	})
	if !errors.Is(err, errAsked) || len(p.asked) != 0 {
		t.Errorf("%v; the base asks %v", err, p.asked)
	}
	if _, err := main.UserIDByUsername(ctx, "ann"); !errors.Is(err, authn.ErrNotFound) {
		t.Errorf("what the base wrote outlives the transaction: %v", err)
	}
}

// refusing are phone numbers that cannot be deleted.
type refusing struct{ account.PhoneStore }

func (refusing) DeletePhone(context.Context, string) error { return errAsked }

// ForgetUser reaches every part that is kept elsewhere, or changes nothing in the
// main store.
func TestForgettingReachesEveryPart(t *testing.T) {
	t.Parallel()
	storetest.Keeper(t, func(*testing.T) storage.Store {
		base, other := memstore.New(), memstore.New()
		return storage.Compose(base, storage.Parts{
			Emails: other, Phones: other, Sessions: other, Challenges: other, SocialAccounts: other, Authenticators: other,
		})
	}, storetest.Elsewhere("Sessions", "Challenges"))

	base, ctx := memstore.New(), t.Context()
	s := storage.Compose(base, storage.Parts{Phones: refusing{base}})
	if err := s.ClaimUsername(ctx, "1", "ann"); err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetUser(ctx, "1"); !errors.Is(err, errAsked) {
		t.Errorf("ForgetUser = %v", err)
	}
	if _, err := s.UserIDByUsername(ctx, "ann"); err != nil {
		t.Errorf("the username is gone although the phone number stayed: %v", err)
	}
}

// wrapped is a store that a host has wrapped.
type wrapped struct{ storage.Store }

// A store that the host wraps still counts attempts for all servers together.
func TestAWrappedStoreSharesItsLimits(t *testing.T) {
	t.Parallel()
	shared := memstore.New()
	s := clienttest.StartOn(t, wrapped{shared}, withLoginLimit)
	other, err := allauth.New(s.Config, wrapped{storage.Compose(shared, storage.Parts{})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close(context.Background()) })
	refused := 0
	for i := range 8 {
		s.Handler = []http.Handler{s.Auth, other}[i%2]
		answer := s.Client(clienttest.App).Post("auth/login", clienttest.Body{"email": "unknown@example.org", "password": "wrong"})
		if strings.Contains(answer.Text, "too_many_login_attempts") {
			refused++
		}
	}
	if refused != 3 {
		t.Errorf("%d of 8 attempts were refused instead of 3", refused)
	}
}

func withLoginLimit(cfg *allauth.Config) {
	cfg.DisableRateLimits = false
	cfg.RateLimits = map[string]string{ratelimit.ActionLoginFailed: "5/m/key"}
}
