package faults_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/storage"
)

// A request whose transaction collides with another one, at any statement, has
// the same result as one without a collision: the same response, each message and
// event once, and each attempt counted once.
func TestCollisionAtEachStatement(t *testing.T) {
	t.Parallel()
	eachWay(t, "", func(t *testing.T, w way) { collideAtEachStatement(t, w, startSite(t, storage.Parts{}, w.edits()...)) })
}

// The same holds if attempts are counted outside of the transaction, for requests
// that count an attempt in it.
func TestCollisionWithLimitsElsewhere(t *testing.T) {
	t.Parallel()
	eachWay(t, "^sign-up|phone|correction|another", func(t *testing.T, w way) {
		limits, db := teststore.OpenSQL(t)
		s := startSite(t, storage.Parts{RateLimits: limits}, w.edits()...)
		s.limits = db
		collideAtEachStatement(t, w, s)
	})
}

// The same holds if codes are kept outside of the transaction: a code that a run
// has consumed or replaced is not lost.
func TestCollisionWithChallengesElsewhere(t *testing.T) {
	t.Parallel()
	eachWay(t, "code|passkey|phone|resend|reset|verif|correction|activation", func(t *testing.T, w way) {
		challenges, _ := teststore.OpenSQL(t)
		collideAtEachStatement(t, w, startSite(t, storage.Parts{Challenges: elsewhere{challenges}}, w.edits()...))
	})
}

// elsewhere are challenges that are not rolled back.
type elsewhere struct{ authn.ChallengeStore }

func (elsewhere) ChallengesInTx() bool { return false }

func (w way) edits() []func(s *site, cfg *allauth.Config) {
	if w.edit == nil {
		return nil
	}
	return []func(s *site, cfg *allauth.Config){w.edit}
}

// stride is by how many statements two faults are apart. One request follows the other
// here, so the race detector has seen what there is to see at some of them.
var stride = map[bool]int{false: 1, true: 5}[clienttest.Raced]

func collideAtEachStatement(t *testing.T, w way, s *site) {
	c, send := w.prepare(s, 0)
	want := s.outcome(c, send)
	if want.status != w.status || !slices.Equal(slices.Sorted(slices.Values(want.published)), want.kept) {
		t.Fatalf("without a collision:\n%v", want)
	}
	for n := 1; ; n += stride {
		c, send := w.prepare(s, n)
		happened := false
		got := s.outcome(c, func() *clienttest.Answer {
			var answer *clienttest.Answer
			answer, happened = withFault(c, collideHeader, n, send)
			return answer
		})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("with a collision at statement %d:\n%v\nwithout:\n%v", n, got, want)
		}
		if !happened {
			t.Logf("%d statements", n-1)
			return
		}
	}
}
