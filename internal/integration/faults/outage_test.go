package faults_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/storage"
)

const writesOfSessions = "(INSERT INTO|UPDATE|DELETE FROM) allauth_sessions"

// storeNoSession are the ways that leave the session as it is.
var storeNoSession = []string{
	"refresh of tokens", "login code, resend", "removal of an address", "change of the primary address",
	"deactivation of TOTP", "reset of recovery codes", "connection of a provider", "removal of a provider",
}

// A request whose session cannot be stored changes nothing, sends nothing and
// publishes nothing: the same request succeeds afterwards, with the same code.
func TestSessionThatCannotBeStored(t *testing.T) {
	t.Parallel()
	eachWay(t, "", func(t *testing.T, w way) {
		s := startSite(t, storage.Parts{}, w.edits()...)
		c, send := w.prepare(s, 0)
		want := s.outcome(c, send)
		c, send = w.prepare(s, 1)
		s.takeMessages()
		s.takeEvents()
		s.takeKept()
		s.store.Break(writesOfSessions)
		answer := send()
		s.store.Mend()
		if answer.StatusCode == w.status {
			if !slices.Contains(storeNoSession, w.name) {
				t.Errorf("the request stores no session")
			}
			return
		}
		answer.Status(503)
		if sent, published, kept := s.takeMessages(), s.takeEvents(), s.takeKept(); len(sent)+len(published)+len(kept) > 0 {
			t.Errorf("sent %v, published %v, kept %v", sent, published, kept)
		}
		if got := s.outcome(c, send); !reflect.DeepEqual(got, want) {
			t.Errorf("afterwards:\n%v\nwithout an outage:\n%v", got, want)
		}
	})
}

// A request whose store fails once, at any statement, succeeds all the same, or it
// changes nothing: the same request succeeds afterwards, with the same code.
func TestFailureAtEachStatement(t *testing.T) {
	t.Parallel()
	eachWay(t, "", func(t *testing.T, w way) {
		s := startSite(t, storage.Parts{}, append(w.edits(), func(_ *site, cfg *allauth.Config) {
			cfg.RateLimits = map[string]string{"signup": "100/m/ip", "request_login_code": "100/m/ip,100/m/key"} // count failures
		})...)
		c, send := w.prepare(s, 0)
		want := s.outcome(c, send)
		c, send = w.prepare(s, 1)
		for n, happened := 1, true; happened; n += stride {
			got := s.outcome(c, func() (answer *clienttest.Answer) {
				answer, happened = withFault(c, failHeader, n, send)
				return answer
			})
			changed := len(got.sent)+len(got.published)+len(got.kept) > 0
			if got.status == 503 && (!changed || w.name == "reauthentication by code, request") {
				continue // a second code is no loss
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("with an outage at statement %d, or afterwards:\n%v\nwithout:\n%v", n, got, want)
			}
			c, send = w.prepare(s, n+stride)
		}
	})
}

// Sessions that are kept elsewhere are stored last: the changes stay, messages
// are sent and events published, except that of the login. A first second factor ends
// other sessions first, so that it changes nothing.
func TestSessionElsewhereThatCannotBeStored(t *testing.T) {
	t.Parallel()
	eachWay(t, "sign-up|verification by code|confirm|by passkey|^TOTP|^recovery|(login|sign-up) through a provider|trust", func(t *testing.T, w way) {
		elsewhere := teststore.OpenFaulty(t)
		s := startSite(t, storage.Parts{Sessions: elsewhere}, w.edits()...)
		c, send := w.prepare(s, 0)
		want := s.outcome(c, send)
		want.published = slices.DeleteFunc(want.published, func(name string) bool { return name == "account.user_logged_in" })
		_, send = w.prepare(s, 1)
		s.takeMessages()
		s.takeEvents()
		elsewhere.Break(writesOfSessions)
		send().Status(503)
		elsewhere.Mend()
		if sent, published := s.takeMessages(), s.takeEvents(); !slices.Equal(sent, want.sent) || !slices.Equal(published, want.published) {
			t.Errorf("sent %v, published %v; without an outage %v and %v", sent, published, want.sent, want.published)
		}
	})
}

// forgetful is a store of counters that fails to remove attempts.
type forgetful struct {
	ratelimit.Store
	fails atomic.Bool
}

var errForgetful = errors.New("no attempt can be forgotten")

func (f *forgetful) RefundBuckets(ctx context.Context, at time.Time, id string, buckets []ratelimit.Bucket) error {
	if f.fails.Load() {
		return errForgetful
	}
	return f.Store.RefundBuckets(ctx, at, id, buckets)
}

func (f *forgetful) ResetBuckets(ctx context.Context, keys []string) error {
	if f.fails.Load() {
		return errForgetful
	}
	return f.Store.ResetBuckets(ctx, keys)
}

// A right password or code is accepted even if its attempt cannot be removed from
// the counters.
func TestAttemptThatCannotBeRefunded(t *testing.T) {
	t.Parallel()
	eachWay(t, "^login by password$|confirm|reset by code|^verification|^TOTP|^activation|^recovery|^reauthentication$", func(t *testing.T, w way) {
		limits := &forgetful{Store: ratelimit.NewMemoryStore()}
		s := startSite(t, storage.Parts{RateLimits: limits}, w.edits()...)
		c, send := w.prepare(s, 0)
		want := s.outcome(c, send)
		c, send = w.prepare(s, 1)
		limits.fails.Store(true)
		got := s.outcome(c, send)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("where no attempt can be refunded:\n%v\notherwise:\n%v", got, want)
		}
		if !strings.HasPrefix(w.name, "verification by link") {
			s.Log.Wait(t, errForgetful.Error())
		}
	})
}
