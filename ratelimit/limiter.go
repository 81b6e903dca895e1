package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// ErrLimited means that there were too many attempts.
var ErrLimited = errors.New("ratelimit: too many attempts")

// LimitError is the ErrLimited of one action.
type LimitError struct {
	// Action is what there were too many of, such as ActionLogin.
	Action string
	// RetryAfter is how long to wait for the next attempt.
	RetryAfter time.Duration
}

// Error implements error.
func (e *LimitError) Error() string { return fmt.Sprintf("%v: %s", ErrLimited, e.Action) }

// Unwrap makes errors.Is(err, ErrLimited) true.
func (e *LimitError) Unwrap() error { return ErrLimited }

// Subject is whose attempt it is.
type Subject struct {
	// IP is where it comes from, User the id of the user, and Key what it is
	// about, such as an e-mail address.
	IP   netip.Addr
	User string
	Key  string
	// Also are further keys that the attempt counts under.
	Also []string
}

// Limiter applies limits. It is safe for concurrent use.
type Limiter struct {
	store  Store
	limits Limits
	now    func() time.Time
	random io.Reader
	full   fullBuckets
}

// NewLimiter returns a limiter. What the store refuses it refuses by itself for at
// most a second, so that a flood from one source does not reach the store.
func NewLimiter(store Store, limits Limits, now func() time.Time, random io.Reader) *Limiter {
	return &Limiter{store: store, limits: limits, now: now, random: random}
}

// Attempt is one that was counted.
type Attempt struct {
	limiter *Limiter
	id      string
	buckets []Bucket
}

// Take counts an attempt. A *LimitError if there were too many already; any
// other error means that it could not be counted, and must be read as a refusal
// as well.
func (l *Limiter) Take(ctx context.Context, action string, s Subject) (Attempt, error) {
	buckets := l.buckets(action, s)
	if len(buckets) == 0 {
		return Attempt{}, nil
	}
	var id [12]byte
	if _, err := io.ReadFull(l.random, id[:]); err != nil {
		return Attempt{}, fmt.Errorf("read random bytes: %w", err)
	}
	attempt := Attempt{l, hex.EncodeToString(id[:]), buckets}
	refusal, err := l.charge(ctx, attempt.id, buckets)
	if err != nil {
		return Attempt{}, fmt.Errorf("count attempt of %s: %w", action, err)
	}
	if refusal != nil {
		return Attempt{}, &LimitError{action, refusal.Wait}
	}
	return attempt, nil
}

// charge is ChargeBuckets that leaves out a bucket which was just seen full. Those
// before it are charged all the same.
func (l *Limiter) charge(ctx context.Context, id string, buckets []Bucket) (*Refusal, error) {
	now := l.now()
	open, full := l.full.split(now, buckets)
	if len(open) == 0 {
		return full, nil
	}
	refusal, err := l.store.ChargeBuckets(ctx, now, id, open)
	if err != nil {
		return nil, err
	}
	if refusal == nil {
		return full, nil
	}
	l.full.note(now, refusal)
	return refusal, nil
}

// Allowed reports whether an attempt would be let through, without counting it.
func (l *Limiter) Allowed(ctx context.Context, action string, s Subject) (bool, error) {
	buckets := l.buckets(action, s)
	if len(buckets) == 0 {
		return true, nil
	}
	refusal, err := l.store.PeekBuckets(ctx, l.now(), buckets)
	if err != nil {
		return false, fmt.Errorf("look up attempts of %s: %w", action, err)
	}
	return refusal == nil, nil
}

// Refund takes this attempt back, and no other.
func (a Attempt) Refund(ctx context.Context) error {
	if a.limiter == nil {
		return nil
	}
	if err := a.limiter.store.RefundBuckets(ctx, a.id, a.buckets); err != nil {
		return fmt.Errorf("refund attempt: %w", err)
	}
	for _, b := range a.buckets {
		a.limiter.full.forget(b.Key)
	}
	return nil
}

// Reset forgets the attempts of the parts of the subject that are set.
func (l *Limiter) Reset(ctx context.Context, action string, s Subject) error {
	var keys []string
	for _, b := range l.buckets(action, s) {
		if s.IP.IsValid() || b.scope != ScopeIP {
			keys = append(keys, b.Key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if err := l.store.ResetBuckets(ctx, keys); err != nil {
		return fmt.Errorf("forget attempts of %s: %w", action, err)
	}
	l.full.forget(keys...)
	return nil
}

// buckets returns the counters of an action. Two rates of one scope count
// apart.
func (l *Limiter) buckets(action string, s Subject) []Bucket {
	var buckets []Bucket
	for _, rate := range l.limits[action] {
		for _, value := range s.values(rate.Scope) {
			if value == "" {
				continue
			}
			key := action + ":" + string(rate.Scope) + ":" + strconv.FormatInt(int64(rate.Per/time.Second), 10) + ":" + value
			buckets = append(buckets, Bucket{Key: key, Amount: rate.Amount, Per: rate.Per, scope: rate.Scope})
		}
	}
	return buckets
}

// values are what an attempt counts by in a scope. Those that are empty count
// nothing.
func (s Subject) values(scope Scope) []string {
	switch scope {
	case ScopeIP:
		return []string{network(s.IP)}
	case ScopeUser:
		return []string{s.User}
	}
	values := []string{hashKey(s.Key)}
	for _, key := range s.Also {
		values = append(values, hashKey(key))
	}
	return values
}

// network is the address that counts: whoever has one IPv6 address has the
// whole /64.
func network(ip netip.Addr) string {
	if !ip.IsValid() {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return prefix.String()
}

// hashKey hides the key from whoever reads the counters, and gives spellings of
// one mailbox one counter.
func hashKey(key string) string {
	if key == "" {
		return ""
	}
	key = strings.ToLower(key)
	if local, domain, ok := strings.Cut(key, "@"); ok {
		local, _, _ = strings.Cut(local, "+")
		key = local + "@" + domain
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}
