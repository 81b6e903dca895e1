package storage_test

import (
	"context"
	"errors"
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
	"github.com/allauth-go/allauth/storage/storetest"
)

// A store of which every part was replaced, here by those of another store, is
// a whole store.
func TestComposedStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storage.Store {
		other := memstore.New()
		return storage.WithSessions(storage.WithChallenges(memstore.New(), other), other)
	}, storetest.Elsewhere("Sessions", "Challenges"))
	storetest.Run(t, func(*testing.T) storage.Store {
		base := memstore.New()
		store := storage.WithUsers(storage.WithPasswords(storage.WithEmails(base, base), base), base)
		store = storage.WithUsernames(storage.WithPhones(store, base), base)
		store = storage.WithAuthenticators(storage.WithSocialAccounts(store, base), base)
		return storage.WithOutbox(storage.WithRefreshTokens(store, base), base)
	})
}

// part is a store that notes what is asked of it, and refuses it.
type part struct {
	storage.Store
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

// Each function replaces the part that it names, and no other.
func TestOnePartIsReplaced(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(base storage.Store, p part) storage.Store{
		"Users":          func(base storage.Store, p part) storage.Store { return storage.WithUsers(base, p) },
		"Passwords":      func(base storage.Store, p part) storage.Store { return storage.WithPasswords(base, p) },
		"Emails":         func(base storage.Store, p part) storage.Store { return storage.WithEmails(base, p) },
		"Usernames":      func(base storage.Store, p part) storage.Store { return storage.WithUsernames(base, p) },
		"Phones":         func(base storage.Store, p part) storage.Store { return storage.WithPhones(base, p) },
		"Authenticators": func(base storage.Store, p part) storage.Store { return storage.WithAuthenticators(base, p) },
		"SocialAccounts": func(base storage.Store, p part) storage.Store { return storage.WithSocialAccounts(base, p) },
		"Outbox":         func(base storage.Store, p part) storage.Store { return storage.WithOutbox(base, p) },
		"RefreshTokens":  func(base storage.Store, p part) storage.Store { return storage.WithRefreshTokens(base, p) },
		"Sessions":       func(base storage.Store, p part) storage.Store { return storage.WithSessions(base, p) },
		"Challenges":     func(base storage.Store, p part) storage.Store { return storage.WithChallenges(base, p) },
	} {
		p := part{memstore.New(), map[string]bool{}}
		s, ctx := replace(memstore.New(), p), t.Context()
		_, user := s.UserByID(ctx, "1")
		_, hash := s.PasswordHash(ctx, "1")
		asked := 0
		for _, err := range []error{
			user, hash, s.DeleteEmail(ctx, "1", "a"), s.ClaimUsername(ctx, "1", "a"), s.DeletePhone(ctx, "1"),
			s.DeleteAuthenticator(ctx, "1", 1), s.DeleteSocialAccount(ctx, "1", "a", "b"), s.DeleteMessage(ctx, "a"),
			s.CreateRefreshToken(ctx, token.RefreshToken{ID: "a"}), s.DeleteSession(ctx, "1"), s.DeleteChallenge(ctx, "a"),
		} {
			if errors.Is(err, errAsked) {
				asked++
			}
		}
		if asked != 1 || !p.asked[name] {
			t.Errorf("With%s replaces %v", name, p.asked)
		}
	}
}

// passwords is a part of the host's that lets go of users.
type passwords struct {
	account.PasswordStore
	err error
}

func (p passwords) ForgetUser(ctx context.Context, userID string) error {
	hash, err := p.PasswordHash(ctx, userID)
	if err == nil {
		err = p.SwapPasswordHash(ctx, userID, hash, "gone")
	}
	return errors.Join(err, p.err)
}

// A part that can forget users does so along with the rest, or neither does.
func TestForgettingReachesAPart(t *testing.T) {
	t.Parallel()
	for _, refusal := range []error{errAsked, nil} {
		base, ctx := memstore.New(), t.Context()
		own := passwords{base, refusal}
		s := storage.WithPasswords(base, own)
		if err := errors.Join(s.SwapPasswordHash(ctx, "1", "", "hash"), s.ClaimUsername(ctx, "1", "ann")); err != nil {
			t.Fatal(err)
		}
		if err := s.ForgetUser(ctx, "1"); !errors.Is(err, refusal) {
			t.Fatalf("ForgetUser = %v", err)
		}
		hash, _ := s.PasswordHash(ctx, "1")
		_, err := s.UserIDByUsername(ctx, "ann")
		if kept := err == nil; kept != (refusal != nil) || kept != (hash == "hash") {
			t.Errorf("after %v: the hash is %q, the username is kept: %v", refusal, hash, kept)
		}
	}
}

// The counters of the main store are found behind what is put in front of it.
func TestRateLimitsOfAComposedStore(t *testing.T) {
	t.Parallel()
	other, counting := memstore.New(), sqlstore.New(nil, sqlstore.SQLite)
	composed := storage.WithSessions(storage.WithChallenges(storage.WithUsers(counting, other), other), other)
	if storage.RateLimits(composed) != counting {
		t.Error("the counters of the main store are not found")
	}
	if counters := storage.RateLimits(storage.WithUsers(other, other)); counters != nil {
		t.Errorf("a store without counters has %T", counters)
	}
}
