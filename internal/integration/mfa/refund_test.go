package mfa_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/storage"
)

// noRefunds is a store of counters that fails to refund attempts.
type noRefunds struct {
	ratelimit.Store
	on atomic.Bool
}

var errNoRefund = errors.New("no refund today")

func (n *noRefunds) RefundBuckets(ctx context.Context, at time.Time, id string, buckets []ratelimit.Bucket) error {
	if n.on.Load() {
		return errNoRefund
	}
	return n.Store.RefundBuckets(ctx, at, id, buckets)
}

// A valid response of a key is accepted even if its attempt cannot be refunded,
// and the error is logged.
func TestKeyWhoseAttemptCannotBeRefunded(t *testing.T) {
	t.Parallel()
	limits := &noRefunds{Store: ratelimit.NewMemoryStore()}
	s := clienttest.StartOn(t, storage.Compose(teststore.Open(t), storage.Parts{RateLimits: limits}), every)
	_, d := withKey(t, s, clienttest.App, ann, true)
	limits.on.Store(true)
	c := s.Client(clienttest.App)
	c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).LoggedIn(ann)
	s.Log.Wait(t, errNoRefund.Error())
	c = passwordLogin(s, clienttest.App, ann)
	c.Post(authenticatePath, body{"credential": d.get(request(c.Get(authenticatePath)))}).LoggedIn(ann)
}
