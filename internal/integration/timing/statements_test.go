package timing_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/sqlrecord"
)

// modes are those of account.Config.Enumeration; with trail, events are kept.
var modes = []struct {
	name  string
	mode  account.Enumeration
	trail *audit.Config
}{
	{"prevented", account.PreventEnumeration, nil},
	{"prevented, events kept", account.PreventEnumeration, &audit.Config{Webhooks: []audit.Webhook{{URL: "http://127.0.0.1:1/", Secrets: []string{"whsec_" + strings.Repeat("A", 32)}}}}},
	{"prevented strictly", account.PreventEnumerationStrictly, nil},
	{"allowed", account.AllowEnumeration, nil},
}

// Clients that ask about known and unknown accounts, or sign up with taken and
// free addresses, cause the same statements with the same number of rows, among
// them the messages that are queued.
func TestPairsDoTheSameWork(t *testing.T) {
	t.Parallel()
	for i, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			shared := open(t, i)
			for _, m := range modes {
				for j, p := range pairs {
					if slices.Contains(p.told, m.mode) || clienttest.Raced && j%3 != 0 {
						continue // the race detector need not see every pair
					}
					t.Run(m.name+"/"+p.name, func(t *testing.T) {
						keep := func(cfg *allauth.Config) { cfg.Audit = m.trail }
						compare(t, shared.start(t, append(p.edit, keep, setting(func(cfg *account.Config) { cfg.Enumeration = m.mode }))...), p)
					})
				}
			}
		})
	}
}

func compare(t *testing.T, w *world, p pair) {
	t.Helper()
	known, unknown := w.walk(p, p.known(w)), w.walk(p, p.unknown(w))
	for i, s := range p.steps {
		if diff := sqlrecord.Diff(endsOfSavepoints(known[i]), endsOfSavepoints(unknown[i])); diff != "" {
			t.Errorf("%s (%d): known against unknown:\n%s", s.name, i+1, diff)
		}
	}
}

// endsOfSavepoints gives both ends of a savepoint one name: what a decoy wrote is
// undone where the same of an account is kept.
func endsOfSavepoints(statements sqlrecord.Statements) sqlrecord.Statements {
	statements = slices.Clone(statements)
	for i := range statements {
		statements[i].SQL = savepointEnd.ReplaceAllString(statements[i].SQL, "END OF SAVEPOINT")
	}
	return statements
}

var savepointEnd = regexp.MustCompile("^(RELEASE|ROLLBACK TO) SAVEPOINT")

// walk takes the steps and returns the statements of each.
func (w *world) walk(p pair, s subject) []sqlrecord.Statements {
	w.t.Helper()
	c := w.Client(clienttest.App)
	var all []sqlrecord.Statements
	for i, step := range p.steps {
		// MySQL counts rows that change: a session is seen at another time.
		w.Clock.Advance(time.Millisecond)
		answer := step.do(c, s)
		if answer.StatusCode != step.status {
			w.t.Fatalf("%s (%d): status %d, want %d: %s", step.name, i+1, answer.StatusCode, step.status, answer.Text)
		}
		all = append(all, w.requests.Last())
	}
	return all
}
