package allauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/storage"
)

// healthTimeout bounds Health and each question of Diagnose.
const healthTimeout = 2 * time.Second

// Health is the state of a server.
type Health struct {
	// Latency is how long the store took for a few short reads.
	Latency time.Duration
	// Messages is how many messages wait or are being sent. It ends at
	// [notify.BacklogLimit].
	Messages int
	// OldestMessage is the age of the oldest of them. Minutes mean that mails are not
	// delivered; the log says why.
	OldestMessage time.Duration
	// Events is how many events wait for webhooks or are being sent. Messages and Events
	// together end at notify.BacklogLimit.
	Events int
	// OldestEvent is the age of the oldest of them. The receiver of a webhook may be down
	// for hours; events are dropped after three days.
	OldestEvent time.Duration
}

// Health reports whether the server can serve requests: whether all parts of the store
// answer within two seconds. A request for the health of the server may call it, some
// times a minute. The numbers are for monitoring: a server whose mails wait still
// serves.
func (a *Auth) Health(ctx context.Context) (Health, error) {
	h, _, err := a.examine(ctx)
	if err != nil {
		return Health{}, fmt.Errorf("allauth: the store does not answer: %w", err)
	}
	return h, nil
}

// examination is what the store says of itself, and when.
type examination struct {
	status        storage.Status
	before, after time.Time
}

// examine reads from every part of the store that a request needs. A store of the host
// that blocks or panics does not keep it from returning.
func (a *Auth) examine(ctx context.Context) (Health, examination, error) {
	type answer struct {
		x       examination
		latency time.Duration
		backlog notify.Backlog
	}
	got, err := result(ctx, a.health, func(ctx context.Context) (g answer, err error) {
		begin := time.Now()
		g.x.before = a.cfg.Now()
		g.x.status, err = a.store.Status(ctx)
		g.x.after = a.cfg.Now()
		if err != nil || g.x.status.PendingMigrations > 0 {
			return g, err
		}
		_, sessions := a.store.SessionsByTokens(ctx, "health")
		_, challenges := a.store.ChallengeByID(ctx, "health")
		if errors.Is(challenges, authn.ErrNotFound) {
			challenges = nil
		}
		_, limits := a.store.PeekBuckets(ctx, g.x.after, []ratelimit.Bucket{{Key: "health", Amount: 1, Per: time.Second}})
		g.backlog, err = a.store.Backlog(ctx)
		g.latency = time.Since(begin)
		return g, errors.Join(sessions, challenges, limits, err)
	})
	h := Health{Latency: got.latency, Messages: got.backlog.Messages, Events: got.backlog.Events}
	if h.Messages > 0 {
		h.OldestMessage = max(0, got.x.after.Sub(got.backlog.Oldest))
	}
	if h.Events > 0 {
		h.OldestEvent = max(0, got.x.after.Sub(got.backlog.OldestEvent))
	}
	return h, got.x, err
}

// newHealth returns the hook that bounds the calls of examine.
func (c *Config) newHealth() *hook.Hook {
	host := &hook.Host{Logger: c.Logger, Timeout: healthTimeout}
	return host.Hook("the store")
}
