package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrLimited means that there were too many attempts.
var ErrLimited = errors.New("ratelimit: too many attempts")

// LimitError is ErrLimited for one action.
type LimitError struct {
	// Action is the limited action, such as ActionLogin.
	Action string
	// RetryAfter is how long to wait before the next attempt.
	RetryAfter time.Duration
}

// Error implements error.
func (e *LimitError) Error() string { return fmt.Sprintf("%v: %s", ErrLimited, e.Action) }

// Unwrap makes errors.Is(err, ErrLimited) true.
func (e *LimitError) Unwrap() error { return ErrLimited }

// Subject is who makes an attempt, and at what.
type Subject struct {
	// IP is the client's address, User the user's id, and Key what the attempt is
	// about, such as an email address.
	IP   netip.Addr
	User string
	Key  string
	// Also are further keys under which the attempt is counted.
	Also []string
}

// Limiter applies limits. It is safe for concurrent use.
type Limiter struct {
	store   Store
	limits  Limits
	now     func() time.Time
	random  io.Reader
	logger  *slog.Logger
	refused func(ctx context.Context, action string) // nil: not called
	full    fullBuckets
}

// NewLimiter returns a limiter. After the store has refused an attempt, the
// limiter refuses the next ones itself for at most a second, so that a flood from
// one source does not reach the store. It logs each refusal at the level Info, without
// the key. A nil logger stands for slog.Default.
func NewLimiter(store Store, limits Limits, now func() time.Time, random io.Reader, logger *slog.Logger) *Limiter {
	if logger == nil {
		logger = slog.Default()
	}
	return &Limiter{store: store, limits: limits, now: now, random: random, logger: logger}
}

// Attempt is a counted attempt.
type Attempt struct {
	limiter *Limiter
	id      string
	at      time.Time
	buckets []Bucket
}

// Charge is an attempt at an action, for Limiter.TakeAll.
type Charge struct {
	Action  string
	Subject Subject
}

// Take counts an attempt. It returns a [*LimitError] if there were too many.
// After any other error the attempt could not be counted, and must be refused as
// well.
func (l *Limiter) Take(ctx context.Context, action string, s Subject) (Attempt, error) {
	attempts, err := l.TakeAll(ctx, Charge{action, s})
	if err != nil {
		return Attempt{}, err
	}
	return attempts[0], nil
}

// TakeAll counts an attempt at several actions, as Take does one after the other,
// but in one call of the store. The [*LimitError] is that of the first action
// that refuses; the actions before it stay charged, and those after it are not. A
// counter that several charges share counts once. It returns an Attempt for each
// charge.
func (l *Limiter) TakeAll(ctx context.Context, charges ...Charge) ([]Attempt, error) {
	attempts := make([]Attempt, len(charges))
	whole := Attempt{limiter: l, at: l.now()}
	actions := map[string]string{} // by bucket key
	for i, c := range charges {
		buckets := l.buckets(c.Action, c.Subject)
		attempts[i] = Attempt{limiter: l, at: whole.at, buckets: buckets}
		for _, b := range buckets {
			if actions[b.Key] == "" {
				actions[b.Key] = c.Action
				whole.buckets = append(whole.buckets, b)
			}
		}
	}
	if len(whole.buckets) == 0 {
		return attempts, nil
	}
	var id [12]byte
	if _, err := io.ReadFull(l.random, id[:]); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	whole.id = hex.EncodeToString(id[:])
	for i := range attempts {
		attempts[i].id = whole.id
	}
	refusal, err := whole.charge(ctx)
	if err != nil {
		err = fmt.Errorf("count attempt of %s: %w", charges[0].Action, err)
		if refund := whole.Refund(ctx); refund != nil {
			err = fmt.Errorf("%w (it may stay counted: %v)", err, refund) //nolint:errorlint // the caller acts on the first error
		}
		return nil, err
	}
	if refusal != nil {
		action := actions[refusal.Key]
		i := slices.IndexFunc(charges, func(c Charge) bool { return c.Action == action })
		l.log(ctx, charges[i], refusal)
		return nil, &LimitError{action, refusal.Wait}
	}
	return attempts, nil
}

// charge calls ChargeBuckets without the buckets from the first one on that is
// remembered as full. Those before it are charged all the same.
func (a Attempt) charge(ctx context.Context) (*Refusal, error) {
	l := a.limiter
	open, full := l.full.split(a.at, a.buckets)
	if len(open) == 0 {
		return full, nil
	}
	refusal, err := l.store.ChargeBuckets(ctx, a.at, a.id, open)
	if err != nil {
		return nil, err
	}
	if refusal == nil {
		return full, nil
	}
	l.full.note(a.at, refusal)
	return refusal, nil
}

// Allowed reports whether an attempt would be allowed, without counting it.
func (l *Limiter) Allowed(ctx context.Context, action string, s Subject) (bool, error) {
	buckets := l.buckets(action, s)
	if len(buckets) == 0 {
		return true, nil
	}
	refusal, err := l.store.PeekBuckets(ctx, l.now(), buckets)
	if err != nil {
		return false, fmt.Errorf("look up attempts of %s: %w", action, err)
	}
	if refusal != nil {
		l.log(ctx, Charge{action, s}, refusal)
	}
	return refusal == nil, nil
}

// OnRefusal makes the limiter call f for each refused attempt, for example to count
// them. It must be called before the limiter is used.
func (l *Limiter) OnRefusal(f func(ctx context.Context, action string)) { l.refused = f }

// log logs a refusal.
func (l *Limiter) log(ctx context.Context, c Charge, r *Refusal) {
	if l.refused != nil {
		l.refused(ctx, c.Action)
	}
	attributes := []slog.Attr{slog.String("action", c.Action), slog.Duration("retry_after", r.Wait.Round(time.Second))}
	if c.Subject.IP.IsValid() {
		attributes = append(attributes, slog.String("ip", c.Subject.IP.String()))
	}
	if c.Subject.User != "" {
		attributes = append(attributes, slog.String("user", c.Subject.User))
	}
	l.logger.LogAttrs(ctx, slog.LevelInfo, "limit reached", attributes...)
}

// refundTimeout bounds a refund, which does not end with the client's request.
const refundTimeout = 5 * time.Second

// Refund takes this attempt back. It ignores the cancellation of ctx, and tries
// again once if the store fails.
func (a Attempt) Refund(ctx context.Context) error {
	if len(a.buckets) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refundTimeout)
	defer cancel()
	err := a.limiter.store.RefundBuckets(ctx, a.at, a.id, a.buckets)
	if err != nil {
		err = a.limiter.store.RefundBuckets(ctx, a.at, a.id, a.buckets)
	}
	if err != nil {
		return fmt.Errorf("refund attempt: %w", err)
	}
	for _, b := range a.buckets {
		a.limiter.full.forget(b.Key)
	}
	return nil
}

// Reset clears the attempts of all parts of the subject that are set.
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
		return fmt.Errorf("clear attempts of %s: %w", action, err)
	}
	l.full.forget(keys...)
	return nil
}

// buckets returns the counters of an action. Two rates of one scope have a
// counter each, unless their periods are equal: then the lower one counts.
func (l *Limiter) buckets(action string, s Subject) []Bucket {
	var buckets []Bucket
	for _, rate := range l.limits[action] {
		for _, value := range s.values(rate.Scope) {
			if value == "" {
				continue
			}
			key := action + ":" + string(rate.Scope) + ":" + strconv.FormatInt(int64(rate.Per/time.Second), 10) + ":" + value
			if i := slices.IndexFunc(buckets, func(b Bucket) bool { return b.Key == key }); i >= 0 {
				buckets[i].Amount = min(buckets[i].Amount, rate.Amount)
				continue
			}
			buckets = append(buckets, Bucket{Key: key, Amount: rate.Amount, Per: rate.Per, scope: rate.Scope})
		}
	}
	return buckets
}

// values returns the values that an attempt is counted under in a scope. Empty
// values are not counted.
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

// network returns the address to count: for IPv6 the /64, as one client has all
// of it.
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

// hashKey hashes the key, so that the counters do not tell it, and maps spellings
// of one mailbox to one counter.
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
