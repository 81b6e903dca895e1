package ratelimit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                   "[]",
		"30/m":               "[30/60s/ip]",
		"10/m/ip,5/300s/key": "[10/60s/ip 5/300s/key]",
		"1/d/user , 2/2h/ip": "[1/86400s/user 2/7200s/ip]",
	} {
		rates, err := Parse(text)
		if got := fmt.Sprint(rates); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"x", "5", "0/m", "-1/m", "5/", "5/x", "5/m/", "5/m/host", "5/m/ip/x", "5/0m", ",", "5/m,", "5/99999999999999999999s"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("10/m/ip,5/300s/key")
	f.Fuzz(func(t *testing.T, text string) {
		rates, err := Parse(text)
		if err != nil {
			return
		}
		for _, r := range rates {
			again, err := Parse(r.String())
			if err != nil || len(again) != 1 || again[0] != r {
				t.Fatalf("%v does not survive: %v, %v", r, again, err)
			}
		}
	})
}

func TestDefaultsAreWellFormed(t *testing.T) {
	t.Parallel()
	for action, rates := range Defaults(false) {
		if len(rates) == 0 {
			t.Errorf("%s has no limit", action)
		}
	}
	if Defaults(true)[ActionConfirmEmail][0].Per != 10*time.Second {
		t.Error("codes wait as long as links")
	}
}

func TestOverride(t *testing.T) {
	t.Parallel()
	limits, err := Defaults(false).Override(map[string]string{ActionLogin: "", ActionSignup: "1/s"})
	if err != nil || limits[ActionLogin] != nil || limits[ActionSignup][0].Amount != 1 {
		t.Errorf("%v, %v", limits, err)
	}
	for _, bad := range []map[string]string{{"logn": "1/m"}, {ActionLogin: "often"}} {
		if _, err := Defaults(false).Override(bad); err == nil || !strings.HasPrefix(err.Error(), "RateLimits") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// clock is a clock that the test moves.
type clock struct{ atomic.Int64 }

func (c *clock) now() time.Time           { return time.Unix(0, c.Load()) }
func (c *clock) advance(by time.Duration) { c.Add(int64(by)) }

func limiter(text string) (*Limiter, *clock) {
	c := &clock{}
	rates, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return NewLimiter(NewMemoryStore(), Limits{"act": rates}, c.now, rand.Reader, nil), c
}

func taken(t *testing.T, l *Limiter, s Subject) bool {
	t.Helper()
	_, err := l.Take(context.Background(), "act", s)
	if err != nil && !errors.Is(err, ErrLimited) {
		t.Fatal(err)
	}
	return err == nil
}

func TestWindowSlides(t *testing.T) {
	t.Parallel()
	l, c := limiter("2/m/key")
	s := Subject{Key: "a"}
	if !taken(t, l, s) {
		t.Fatal("first refused")
	}
	c.advance(40 * time.Second)
	if !taken(t, l, s) || taken(t, l, s) {
		t.Fatal("not two")
	}
	_, err := l.Take(context.Background(), "act", s)
	var limited *LimitError
	if !errors.As(err, &limited) || limited.RetryAfter != 20*time.Second {
		t.Errorf("wait %v", err)
	}
	c.advance(20 * time.Second)
	if !taken(t, l, s) || taken(t, l, s) {
		t.Error("the first did not expire alone")
	}
}

func TestFirstBucketStaysChargedWhenTheSecondRefuses(t *testing.T) {
	t.Parallel()
	l, _ := limiter("3/m/ip,1/m/key")
	ip := netip.MustParseAddr("192.0.2.1")
	if !taken(t, l, Subject{IP: ip, Key: "a"}) || taken(t, l, Subject{IP: ip, Key: "a"}) {
		t.Fatal("key limit")
	}
	if !taken(t, l, Subject{IP: ip, Key: "b"}) || taken(t, l, Subject{IP: ip, Key: "c"}) {
		t.Error("address limit")
	}
}

func TestTwoRatesOfOneScopeCountApart(t *testing.T) {
	t.Parallel()
	l, c := limiter("2/m/ip,3/h/ip")
	s := Subject{IP: netip.MustParseAddr("192.0.2.1")}
	for i, want := range []bool{true, true, false} {
		if taken(t, l, s) != want {
			t.Fatalf("attempt %d in the first minute: taken %v", i+1, !want)
		}
	}
	c.advance(time.Minute)
	if !taken(t, l, s) || taken(t, l, s) {
		t.Error("not three an hour")
	}
}

func TestSubjectsAreFolded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rate string
		a, b Subject
		same bool
	}{
		"IPv6 of one /64":      {"1/m/ip", Subject{IP: netip.MustParseAddr("2001:db8::1")}, Subject{IP: netip.MustParseAddr("2001:db8::ffff:2")}, true},
		"IPv6 of two /64":      {"1/m/ip", Subject{IP: netip.MustParseAddr("2001:db8::1")}, Subject{IP: netip.MustParseAddr("2001:db8:0:1::1")}, false},
		"mapped IPv4":          {"1/m/ip", Subject{IP: netip.MustParseAddr("192.0.2.1")}, Subject{IP: netip.MustParseAddr("::ffff:192.0.2.1")}, true},
		"unknown addresses":    {"1/m/ip", Subject{}, Subject{}, true},
		"case":                 {"1/m/key", Subject{Key: "A@x.org"}, Subject{Key: "a@X.org"}, true},
		"tag":                  {"1/m/key", Subject{Key: "a+1@x.org"}, Subject{Key: "a+2@x.org"}, true},
		"plus without mailbox": {"1/m/key", Subject{Key: "+31600000001"}, Subject{Key: "+31600000002"}, false},
		"no user":              {"1/m/user", Subject{}, Subject{}, false},
	} {
		l, _ := limiter(c.rate)
		taken(t, l, c.a)
		if got := !taken(t, l, c.b); got != c.same {
			t.Errorf("%s: counted together is %v", name, got)
		}
	}
}

func TestRefundTakesBackOneAttempt(t *testing.T) {
	t.Parallel()
	l, _ := limiter("2/m/key")
	s := Subject{Key: "a"}
	taken(t, l, s)
	attempt, err := l.Take(context.Background(), "act", s)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second refund must not take back the first attempt
		if err := attempt.Refund(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if !taken(t, l, s) || taken(t, l, s) {
		t.Error("refund took back more or less than one attempt")
	}
}

func TestAllowedCountsNothing(t *testing.T) {
	t.Parallel()
	l, _ := limiter("1/m/key")
	for range 3 {
		if ok, err := l.Allowed(context.Background(), "act", Subject{Key: "a"}); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	taken(t, l, Subject{Key: "a"})
	if ok, _ := l.Allowed(context.Background(), "act", Subject{Key: "a"}); ok {
		t.Error("allowed although exhausted")
	}
	if err := l.Reset(context.Background(), "act", Subject{Key: "a"}); err != nil || !taken(t, l, Subject{Key: "a"}) {
		t.Error("reset did not forget")
	}
}

func TestParallelAttemptsDoNotOverrun(t *testing.T) {
	t.Parallel()
	l, _ := limiter("5/m/key")
	var passed atomic.Int64
	var group sync.WaitGroup
	start := make(chan struct{})
	for range 64 {
		group.Go(func() {
			<-start
			if _, err := l.Take(context.Background(), "act", Subject{Key: "a"}); err == nil {
				passed.Add(1)
			}
		})
	}
	close(start)
	group.Wait()
	if passed.Load() != 5 {
		t.Errorf("%d attempts passed a limit of 5", passed.Load())
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	store := NewMemoryStore()
	now := time.Unix(0, 0)
	for i := range maxBuckets + 10*minSweep {
		if _, err := store.ChargeBuckets(context.Background(), now, "x", []Bucket{{Key: fmt.Sprint(i), Amount: 1, Per: time.Hour}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(store.buckets); n > maxBuckets {
		t.Errorf("%d buckets", n)
	}
}

func BenchmarkTake(b *testing.B) {
	l, c := limiter("10/m/ip,5/300s/key")
	s := Subject{IP: netip.MustParseAddr("192.0.2.1"), Key: "anna@example.org"}
	b.ReportAllocs()
	for b.Loop() {
		c.advance(time.Minute)
		_, _ = l.Take(context.Background(), "act", s)
	}
}
