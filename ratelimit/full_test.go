package ratelimit

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// watched is a store that counts calls of ChargeBuckets.
type watched struct {
	Store
	charges int
}

func (w *watched) ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []Bucket) (*Refusal, error) {
	w.charges++
	return w.Store.ChargeBuckets(ctx, now, id, buckets)
}

// two returns two limiters on one store, as two servers have.
func two(text string) (one, other *Limiter, store *watched, c *clock) {
	c = &clock{}
	rates, err := Parse(text)
	if err != nil {
		panic(err)
	}
	store = &watched{Store: NewMemoryStore()}
	limits := Limits{"act": rates}
	return NewLimiter(store, limits, c.now, rand.Reader, nil), NewLimiter(store, limits, c.now, rand.Reader, nil), store, c
}

// An attempt that the store refused is refused for a second without asking it
// again.
func TestAFullBucketIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	l, _, store, c := two("2/m/key")
	s := Subject{Key: "a"}
	for range 1000 {
		taken(t, l, s)
	}
	if store.charges != 3 {
		t.Errorf("the store was asked %d times", store.charges)
	}
	c.advance(time.Second)
	if taken(t, l, s) || store.charges != 4 {
		t.Errorf("after a second the store was asked %d times", store.charges)
	}
	c.advance(59 * time.Second)
	if !taken(t, l, s) {
		t.Error("the bucket stays closed after its window")
	}
}

// A refund or a reset reopens a bucket: at once on the same server, after a
// second on another one.
func TestAFullBucketReopensEarly(t *testing.T) {
	t.Parallel()
	l, other, _, c := two("1/h/key")
	s := Subject{Key: "a"}
	attempt, err := l.Take(context.Background(), "act", s)
	if err != nil {
		t.Fatal(err)
	}
	if taken(t, l, s) || taken(t, other, s) {
		t.Fatal("not full")
	}
	if err := attempt.Refund(context.Background()); err != nil || !taken(t, l, s) {
		t.Error("the refund did not reopen the bucket", err)
	}
	if taken(t, other, s) {
		t.Fatal("not full")
	}
	if err := l.Reset(context.Background(), "act", s); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	if !taken(t, other, s) {
		t.Error("the reset of another server is not seen after a second")
	}
}

// A clock that is set back does not keep a bucket closed.
func TestAFullBucketBesideAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	l, _, store, c := two("1/h/key")
	taken(t, l, Subject{Key: "a"})
	taken(t, l, Subject{Key: "a"})
	c.advance(-2 * time.Hour)
	taken(t, l, Subject{Key: "a"})
	if store.charges != 3 {
		t.Errorf("the store was asked %d times", store.charges)
	}
}

// The buckets before a full one stay charged, also if the limiter refuses without
// asking the store.
func TestBucketsBeforeAFullOneAreCharged(t *testing.T) {
	t.Parallel()
	l, _, _, _ := two("5/m/ip,1/m/key")
	ip := netip.MustParseAddr("192.0.2.1")
	for range 5 {
		taken(t, l, Subject{IP: ip, Key: "a"})
	}
	if taken(t, l, Subject{IP: ip, Key: "b"}) {
		t.Error("refused attempts did not count against the address")
	}
}

// The number of remembered buckets is bounded.
func TestFullBucketsAreBounded(t *testing.T) {
	t.Parallel()
	var f fullBuckets
	now := time.Unix(0, 0)
	for i := range 3 * maxFull {
		f.note(now, &Refusal{Key: fmt.Sprint(i), Wait: time.Minute})
	}
	if len(f.seen) > maxFull {
		t.Errorf("%d buckets are remembered", len(f.seen))
	}
}
