package mfa_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// stores runs a test in memory and with the chosen store.
func stores(t *testing.T, test func(t *testing.T, store storage.Store)) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) { test(t, memstore.New()) })
	t.Run("chosen", func(t *testing.T) { test(t, clienttest.Open(t)) })
}

// gate is a store in which look-ups of a challenge wait for each other, so that
// all of them have found it before the first one continues.
type gate struct {
	storage.Store
	mu      sync.Mutex
	missing int
	open    chan struct{}
}

// shut makes the next n callers wait.
func (g *gate) shut(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.missing, g.open = n, make(chan struct{})
}

func (g *gate) ChallengeByID(ctx context.Context, id string) (*authn.Challenge, error) {
	c, err := g.Store.ChallengeByID(ctx, id)
	g.mu.Lock()
	if g.missing == 0 {
		g.mu.Unlock()
		return c, err
	}
	g.missing--
	if g.missing == 0 {
		close(g.open)
	}
	open := g.open
	g.mu.Unlock()
	select {
	case <-open:
	case <-ctx.Done():
	}
	return c, err
}

// pendingLogins returns clients whose logins wait for the second factor.
func pendingLogins(s *clienttest.Server, n int) []*clienttest.Client {
	clients := make([]*clienttest.Client, n)
	for i := range clients {
		clients[i] = passwordLogin(s, clienttest.App, ann)
	}
	return clients
}

func TestOneCodeManyTimesAtOnce(t *testing.T) {
	stores(t, func(t *testing.T, store storage.Store) {
		s := clienttest.StartOn(t, store, every, clienttest.Unlimited)
		c, a := withApp(t, s, clienttest.App, ann)
		for name, code := range map[string]string{"of an app": a.code(0), "for recovery": codesOf(c)[0]} {
			clients := pendingLogins(s, crowd)
			won := winners(crowd, func(i int) *clienttest.Answer {
				return clients[i].Post("auth/2fa/authenticate", body{"code": code})
			})
			if won != 1 {
				t.Errorf("one code %s logged in %d times", name, won)
			}
		}
		c = s.Client(clienttest.App)
		c.Post("auth/login", body{"email": ann, "password": password}).Status(401)
		s.Clock.Advance(time.Minute)
		c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
		if left := codesOf(c); len(left) != 9 {
			t.Errorf("%d recovery codes are left", len(left))
		}
	})
}

func TestEveryRecoveryCodeAtOnce(t *testing.T) {
	stores(t, func(t *testing.T, store storage.Store) {
		s := clienttest.StartOn(t, store, every, clienttest.Unlimited)
		c, _ := withApp(t, s, clienttest.App, ann)
		codes := codesOf(c)
		clients := pendingLogins(s, len(codes))
		won := winners(len(codes), func(i int) *clienttest.Answer {
			return clients[i].Post("auth/2fa/authenticate", body{"code": codes[i]})
		})
		answer := c.Get(recoveryPath).Status(200)
		if won != len(codes) || !strings.Contains(answer.Text, `"unused_codes":[]`) {
			t.Errorf("%d of %d codes were accepted: %s", won, len(codes), answer.Text)
		}
	})
}

func TestParallelChangesLeaveOneOfEach(t *testing.T) {
	stores(t, func(t *testing.T, store storage.Store) {
		s := clienttest.StartOn(t, store, every)
		c := s.SignUp(clienttest.App, ann)
		reauthenticate(c)
		secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
		a := &app{t, s, secret}
		won := winners(20, func(int) *clienttest.Answer {
			return c.Clone().Post("account/authenticators/totp", body{"code": a.code(0)})
		})
		if got := types(c); won != 1 || !slices.Equal(got, []string{"totp", "recovery_codes"}) {
			t.Errorf("%d activations made %v", won, got)
		}
		reset := winners(20, func(int) *clienttest.Answer { return c.Clone().Post(recoveryPath, nil) })
		if got := types(c); reset < 1 || !slices.Equal(got, []string{"totp", "recovery_codes"}) {
			t.Errorf("%d resets made %v", reset, got)
		}
		removed := winners(20, func(int) *clienttest.Answer { return c.Clone().Delete("account/authenticators/totp", nil) })
		if got := types(c); removed != 20 || len(got) > 0 {
			t.Errorf("%d removals left %v", removed, got)
		}
	})
}

// After any concurrent requests there are recovery codes if, and only if, there
// is another authenticator.
func TestRecoveryCodesComeAndGoWithTheRest(t *testing.T) {
	stores(t, func(t *testing.T, store storage.Store) {
		s := clienttest.StartOn(t, store, every)
		c := s.SignUp(clienttest.App, ann)
		for range 20 {
			reauthenticate(c)
			addApp(t, s, c)
			key := newDevice(t, s).create(creation(c.Get(keysPath)))
			remove := func(c *clienttest.Client) *clienttest.Answer { return c.Delete("account/authenticators/totp", nil) }
			renew := func(c *clienttest.Client) *clienttest.Answer { return c.Post(recoveryPath, nil) }
			add := func(c *clienttest.Client) *clienttest.Answer { return c.Post(keysPath, body{"credential": key}) }
			for _, changes := range [][]func(c *clienttest.Client) *clienttest.Answer{{remove, renew, renew}, {remove, add}} {
				clienttest.Parallel(len(changes), func(i int) {
					if answer := changes[i](c.Clone()); answer.StatusCode >= 500 {
						t.Errorf("change %d: %s", i, answer.Text)
					}
				})
				got := types(c)
				others := slices.Contains(got, "totp") || slices.Contains(got, "webauthn")
				if slices.Contains(got, "recovery_codes") != others {
					t.Fatalf("authenticators %v", got)
				}
				if !others {
					addApp(t, s, c)
				}
			}
			c.Delete("account/authenticators/totp", nil).Status(200)
			for _, id := range keyIDs(c) {
				c.Delete(keysPath, body{"authenticators": []any{id}}).Status(200)
			}
		}
	})
}

// keyIDs returns the ids of the user's keys.
func keyIDs(c *clienttest.Client) []any {
	var ids []any
	list, _ := c.Get("account/authenticators").Status(200).JSON["data"].([]any)
	for _, item := range list {
		if members, _ := item.(map[string]any); members["id"] != nil {
			ids = append(ids, members["id"])
		}
	}
	return ids
}

func TestOneAnswerManyTimesAtOnce(t *testing.T) {
	stores(t, func(t *testing.T, store storage.Store) {
		g := &gate{Store: store}
		s := clienttest.StartOn(t, g, every, clienttest.Unlimited)
		owner, d := withKey(t, s, clienttest.App, ann, true)
		pending, login := passwordLogin(s, clienttest.App, ann), s.Client(clienttest.App)
		signup := signingUp(s, bob)
		for name, w := range map[string]waiting{
			"authenticate":   {client: pending, options: request(pending.Get(authenticatePath)), path: authenticatePath},
			"reauthenticate": {client: owner, options: request(owner.Get(reauthenticatePath)), path: reauthenticatePath},
			"login":          {client: login, options: request(login.Get(loginPath)), path: loginPath},
			"add":            {client: owner, options: creation(owner.Get(keysPath)), path: keysPath},
			"sign up":        {client: signup, options: creation(signup.Get(signupPath)), path: signupPath, put: true},
		} {
			var answer any
			if name == "add" || name == "sign up" {
				answer = newDevice(t, s).create(w.options)
			} else {
				answer = d.get(w.options)
			}
			g.shut(crowd)
			won := winners(crowd, func(int) *clienttest.Answer {
				one := w
				one.client = w.client.Clone()
				return one.send(answer)
			})
			if won != 1 {
				t.Errorf("%s: one answer was accepted %d times", name, won)
			}
		}
		if got := types(owner); !slices.Equal(got, []string{"webauthn", "recovery_codes", "webauthn"}) {
			t.Errorf("authenticators %v", got)
		}
	})
}

// Of concurrent responses of a key to one challenge one reauthenticates the user.
// The others do not undo that.
func TestRepeatedAnswersOfAKeyKeepTheProof(t *testing.T) {
	stores(t, func(t *testing.T, store storage.Store) {
		g := &gate{Store: store}
		s := clienttest.StartOn(t, g, every, clienttest.Unlimited)
		c, d := withKey(t, s, clienttest.App, ann, false)
		s.Clock.Advance(time.Hour)
		answer := d.get(request(c.Get(reauthenticatePath)))
		clients := make([]*clienttest.Client, crowd)
		for i := range clients {
			clients[i] = c.Clone()
		}
		g.shut(crowd)
		won := winners(crowd, func(i int) *clienttest.Answer {
			return clients[i].Post(reauthenticatePath, body{"credential": answer})
		})
		if won != 1 {
			t.Errorf("%d answers won", won)
		}
		c.Get("account/authenticators/recovery-codes").Status(200)
	})
}
