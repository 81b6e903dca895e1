package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth/ratelimit"
)

// RateLimits checks a ratelimit.Store.
func RateLimits(t *testing.T, open func(t *testing.T) ratelimit.Store) {
	t.Helper()
	run(t, open, rateChecks)
}

var rateChecks = []check[ratelimit.Store]{
	{"attempts are counted in a sliding window", rateWindow},
	{"a refused attempt does not count", rateRefused},
	{"buckets are charged in order", rateOrder},
	{"peeking counts nothing", ratePeek},
	{"a refund removes one attempt, and no other", rateRefund},
	{"a reset removes the attempts of a key", rateReset},
	{"keys are compared exactly", rateExact},
	{"no more than Amount of many are allowed", rateRace},
	{"after its context is cancelled a call fails or counts", rateCancelled},
	{"a clock that is set back keeps no bucket closed for longer than Per", rateClockSetBack},
	{"clocks may differ by ClockSkew", rateClockSkew},
	{"two callers with several buckets do not block each other", rateCrossed},
	{"no more than Amount of many with several buckets are allowed", rateRaceOfSeveral},
	{"a bucket that refuses in a race leaves those after it uncharged", rateRaceForShared},
	{"attempts and refunds at once lose none and leave none", rateRefundRace},
	{"after its context is cancelled a refund fails or is done", rateRefundCancelled},
	{"several buckets are refunded and reset together", rateSeveral},
}

func bucket(k *kit, amount int) ratelimit.Bucket {
	return ratelimit.Bucket{Key: k.id(), Amount: amount, Per: time.Minute}
}

// take counts an attempt and reports an error unless the wait is the wanted one.
// A negative wait stands for any but zero.
func (k *kit) take(s ratelimit.Store, now time.Time, want time.Duration, contract string, buckets ...ratelimit.Bucket) string {
	k.Helper()
	id := k.id()
	refusal, err := s.ChargeBuckets(k.Context(), now, id, buckets)
	k.ok("ChargeBuckets", err)
	k.wait("ChargeBuckets", refusal, want, contract)
	return id
}

func (k *kit) wait(call string, refusal *ratelimit.Refusal, want time.Duration, contract string) {
	k.Helper()
	var wait time.Duration
	if refusal != nil {
		wait = refusal.Wait
	}
	if want < 0 && wait <= 0 || want == 0 && wait != 0 || want > 0 && (wait < want-time.Millisecond || wait > want+time.Millisecond) {
		text := want.String()
		if want < 0 {
			text = "more than zero"
		}
		k.Errorf("%s returned %v instead of %s; the contract: %s", call, wait, text, contract)
	}
}

func rateWindow(k *kit, s ratelimit.Store) {
	b, now := bucket(k, 2), k.now(0)
	const contract = "at most Amount attempts in any period of length Per"
	k.take(s, now, 0, contract, b)
	k.take(s, now.Add(20*time.Second), 0, contract, b)
	k.take(s, now.Add(30*time.Second), 30*time.Second, contract, b)
	k.take(s, now.Add(59*time.Second), time.Second, contract, b)
	k.take(s, now.Add(60*time.Second), 0, contract, b)
	k.take(s, now.Add(61*time.Second), 19*time.Second, contract, b)
	k.take(s, now.Add(10*time.Minute), 0, contract, b)
}

func rateRefused(k *kit, s ratelimit.Store) {
	b, now := bucket(k, 1), k.now(0)
	k.take(s, now, 0, "the first attempt is allowed", b)
	for i := 1; i < 5; i++ {
		k.take(s, now.Add(time.Duration(i)*time.Second), -1, "the bucket is exhausted", b)
	}
	k.take(s, now.Add(time.Minute), 0, "the exhausted bucket does not grow", b)
}

func rateOrder(k *kit, s ratelimit.Store) {
	first, second, third, now := bucket(k, 5), bucket(k, 1), bucket(k, 5), k.now(0)
	k.take(s, now, 0, "no bucket is exhausted", first, second, third)
	refusal, err := s.ChargeBuckets(k.Context(), now, k.id(), []ratelimit.Bucket{first, second, third})
	k.ok("ChargeBuckets", err)
	if refusal == nil || refusal.Key != second.Key {
		k.Errorf("ChargeBuckets returned %+v; the contract: it returns the bucket that is exhausted, here %q", refusal, second.Key)
	}
	for range 3 {
		k.take(s, now, 0, "the buckets before the exhausted one stay charged", first)
	}
	k.take(s, now, -1, "the buckets before the exhausted one stay charged", first)
	for range 4 {
		k.take(s, now, 0, "the buckets after the exhausted one are not charged", third)
	}
	k.take(s, now, -1, "an attempt counts under each bucket", third)
}

func ratePeek(k *kit, s ratelimit.Store) {
	b, now := bucket(k, 1), k.now(0)
	peek := func(want time.Duration) {
		k.Helper()
		refusal, err := s.PeekBuckets(k.Context(), now, []ratelimit.Bucket{b})
		k.ok("PeekBuckets", err)
		k.wait("PeekBuckets", refusal, want, "it returns what ChargeBuckets would return, and counts nothing")
	}
	peek(0)
	peek(0)
	k.take(s, now, 0, "peeking counts nothing", b)
	peek(time.Minute)
}

func rateRefund(k *kit, s ratelimit.Store) {
	b, now := bucket(k, 2), k.now(0)
	first := k.take(s, now, 0, "not exhausted", b)
	k.take(s, now, 0, "not exhausted", b)
	for range 2 {
		k.ok("RefundBuckets", s.RefundBuckets(k.Context(), now, first, []ratelimit.Bucket{b}))
	}
	k.ok("RefundBuckets of an attempt that is not there", s.RefundBuckets(k.Context(), now, k.id(), []ratelimit.Bucket{b, bucket(k, 1)}))
	k.take(s, now, 0, "the refunded attempt no longer counts", b)
	k.take(s, now, -1, "a refund removes the attempt with that id, and no other", b)
}

func rateReset(k *kit, s ratelimit.Store) {
	b, other, now := bucket(k, 1), bucket(k, 1), k.now(0)
	k.take(s, now, 0, "not exhausted", b)
	k.take(s, now, 0, "not exhausted", other)
	k.ok("ResetBuckets", s.ResetBuckets(k.Context(), []string{b.Key, k.id()}))
	k.take(s, now, 0, "the attempts of the key are removed", b)
	k.take(s, now, -1, "others are not", other)
}

func rateExact(k *kit, s ratelimit.Store) {
	b, now := bucket(k, 1), k.now(0)
	k.take(s, now, 0, "not exhausted", b)
	b.Key = swapCase(b.Key)
	k.take(s, now, 0, "keys are compared exactly", b)
}

func rateRace(k *kit, s ratelimit.Store) {
	b, now := bucket(k, 5), k.now(0)
	var through atomic.Int64
	for _, err := range k.race(func(i int) error {
		refusal, err := s.ChargeBuckets(k.Context(), now, fmt.Sprint("attempt", i), []ratelimit.Bucket{b})
		if err == nil && refusal == nil {
			through.Add(1)
		}
		return err
	}) {
		k.ok("ChargeBuckets, called many times at once,", err)
	}
	k.same("number of allowed attempts", through.Load(), int64(b.Amount), "counting is one atomic step")
}

func rateCancelled(k *kit, s ratelimit.Store) {
	b, now := bucket(k, 1), k.now(0)
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	_, err := s.ChargeBuckets(ctx, now, k.id(), []ratelimit.Bucket{b})
	want := time.Duration(-1)
	if err != nil {
		want = 0
	}
	k.take(s, now, want, "an attempt that failed with an error is not counted, one that succeeded is", b)
}

func rateCrossed(k *kit, s ratelimit.Store) {
	first, second, now := bucket(k, 1000), bucket(k, 1000), k.now(0)
	for _, err := range k.race(func(i int) error {
		buckets := []ratelimit.Bucket{first, second}
		if i%2 == 0 {
			buckets = []ratelimit.Bucket{second, first}
		}
		_, err := s.ChargeBuckets(k.Context(), now, fmt.Sprint("attempt", i), buckets)
		return err
	}) {
		k.ok("ChargeBuckets of two buckets in different orders, called many times at once,", err)
	}
}

func rateClockSetBack(k *kit, s ratelimit.Store) {
	for _, back := range []time.Duration{10 * time.Second, time.Minute, time.Hour, 1000 * time.Hour} {
		first, second, now := bucket(k, 2), bucket(k, 2), k.now(0)
		for range 2 {
			k.take(s, now, 0, "not exhausted", first)
			k.take(s, now, 0, "not exhausted", second)
		}
		const contract = "an attempt later than now, by more than ClockSkew, does not count"
		if back > first.Per { // otherwise the attempt may be recent
			k.take(s, now.Add(first.Per-back), 0, contract, first)
		}
		k.take(s, now.Add(-back), 0, contract, second)
		k.take(s, now.Add(-back), 0, contract, second)
		k.take(s, now.Add(-back), second.Per, "attempts count after the clock was set back, too", second)
		refusal, err := s.PeekBuckets(k.Context(), now.Add(-back), []ratelimit.Bucket{second})
		k.ok("PeekBuckets", err)
		k.wait("PeekBuckets", refusal, second.Per, "it returns what ChargeBuckets would return")
		k.take(s, now.Add(second.Per-back), 0, "the bucket opens after Per", second)
	}
}

func rateClockSkew(k *kit, s ratelimit.Store) {
	b, now := bucket(k, 2), k.now(0)
	k.take(s, now.Add(ratelimit.ClockSkew), 0, "not exhausted", b)
	k.take(s, now, 0, "not exhausted", b)
	const contract = "an attempt counts that is later than now by at most ClockSkew; the wait is at most Per"
	k.take(s, now, b.Per, contract, b)
	k.take(s, now.Add(ratelimit.ClockSkew), -1, contract, b)
	k.take(s, now.Add(b.Per+ratelimit.ClockSkew), 0, contract, b)
}

// held returns how many attempts a bucket holds, up to 64.
func (k *kit) held(s ratelimit.Store, now time.Time, b ratelimit.Bucket) int {
	k.Helper()
	for b.Amount = 1; b.Amount <= 64; b.Amount++ {
		refusal, err := s.PeekBuckets(k.Context(), now, []ratelimit.Bucket{b})
		k.ok("PeekBuckets", err)
		if refusal == nil {
			break
		}
	}
	return b.Amount - 1
}

func rateRaceOfSeveral(k *kit, s ratelimit.Store) {
	first, second, now := bucket(k, 5), bucket(k, 1000), k.now(0)
	var through atomic.Int64
	for _, err := range k.race(func(i int) error {
		buckets := []ratelimit.Bucket{first, second}
		if i%2 == 0 {
			buckets = []ratelimit.Bucket{second, first}
		}
		refusal, err := s.ChargeBuckets(k.Context(), now, fmt.Sprint("attempt", i), buckets)
		if err == nil && refusal == nil {
			through.Add(1)
		}
		return err
	}) {
		k.ok("ChargeBuckets of two buckets, called many times at once,", err)
	}
	k.same("number of allowed attempts", through.Load(), int64(5), "the smaller bucket allows as many")
	k.same("number of attempts in the smaller bucket", k.held(s, now, first), 5, "the exhausted bucket does not grow")
	// The larger bucket stays charged for callers that passed it first.
	if held := k.held(s, now, second); held < 5 || held > 5+callers/2 {
		k.Errorf("the larger bucket holds %d attempts after 5 were allowed; the contract: an attempt counts under each bucket, those after the exhausted one do not grow", held)
	}
}

func rateRaceForShared(k *kit, s ratelimit.Store) {
	shared, now := bucket(k, 5), k.now(0)
	own := make([]ratelimit.Bucket, callers)
	for i := range own {
		own[i] = bucket(k, 1)
	}
	refused := make([]bool, callers)
	for _, err := range k.race(func(i int) error {
		refusal, err := s.ChargeBuckets(k.Context(), now, fmt.Sprint("attempt", i), []ratelimit.Bucket{shared, own[i]})
		refused[i] = refusal != nil
		return err
	}) {
		k.ok("ChargeBuckets of a shared bucket and one of the caller's own, called many times at once,", err)
	}
	through := 0
	for i, b := range own {
		want := 0
		if !refused[i] {
			through, want = through+1, 1
		}
		k.same("number of attempts in the bucket after the shared one", k.held(s, now, b), want, "the buckets after the exhausted one do not grow, those of an allowed attempt do")
	}
	k.same("number of allowed attempts", through, shared.Amount, "as many as the shared bucket allows")
}

func rateRefundRace(k *kit, s ratelimit.Store) {
	now := k.now(0)
	buckets := make([]ratelimit.Bucket, 6)
	for i := range buckets {
		buckets[i] = bucket(k, 1000)
	}
	stays := k.take(s, now, 0, "not exhausted", buckets...)
	for _, err := range k.race(func(i int) error {
		var mine []ratelimit.Bucket
		for j := range 4 { // another choice, in another order, for each caller
			mine = append(mine, buckets[(i+j*(1+i%2*4))%len(buckets)])
		}
		id := fmt.Sprint("attempt", i)
		if _, err := s.ChargeBuckets(k.Context(), now, id, mine); err != nil {
			return err
		}
		return s.RefundBuckets(k.Context(), now, id, mine)
	}) {
		k.ok("ChargeBuckets and RefundBuckets, called many times at once,", err)
	}
	const contract = "a refund removes the attempt with that id, and no other, also during concurrent calls"
	for _, b := range buckets {
		k.same("number of attempts in a bucket, of which all but one were refunded,", k.held(s, now, b), 1, contract)
	}
	k.ok("RefundBuckets", s.RefundBuckets(k.Context(), now, stays, buckets))
	for _, b := range buckets {
		k.same("number of attempts in a bucket, of which all were refunded,", k.held(s, now, b), 0, contract)
	}
}

func rateRefundCancelled(k *kit, s ratelimit.Store) {
	b, now := bucket(k, 1), k.now(0)
	id := k.take(s, now, 0, "not exhausted", b)
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	want := 0
	if err := s.RefundBuckets(ctx, now, id, []ratelimit.Bucket{b}); err != nil {
		want = 1
	}
	k.same("number of attempts after a refund with a cancelled context", k.held(s, now, b), want, "it returns an error and changes nothing, or refunds")
}

func rateSeveral(k *kit, s ratelimit.Store) {
	first, second, now := bucket(k, 10), bucket(k, 10), k.now(0)
	both := []ratelimit.Bucket{first, second}
	var ids []string
	for i := range 3 {
		ids = append(ids, k.take(s, now.Add(time.Duration(i)*time.Second), 0, "not exhausted", both...))
	}
	for i, id := range []string{ids[1], ids[0], ids[2]} {
		at := now.Add(time.Duration([]int{1, 0, 2}[i]) * time.Second)
		k.ok("RefundBuckets", s.RefundBuckets(k.Context(), at, id, []ratelimit.Bucket{second, bucket(k, 1), first}))
		for _, b := range both {
			k.same("number of attempts in a bucket", k.held(s, now.Add(2*time.Second), b), 2-i, "a refund removes the attempt from all of the buckets")
		}
	}
	k.take(s, now, 0, "all attempts were refunded", both...)
	k.ok("ResetBuckets", s.ResetBuckets(k.Context(), []string{second.Key, k.id(), first.Key}))
	for _, b := range both {
		k.same("number of attempts in a bucket", k.held(s, now, b), 0, "a reset removes the attempts of all of the keys")
	}
	k.ok("ResetBuckets of no key", s.ResetBuckets(k.Context(), nil))
	k.ok("RefundBuckets of no bucket", s.RefundBuckets(k.Context(), now, ids[0], nil))
}
