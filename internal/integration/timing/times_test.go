package timing_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/timing"
)

// TestTimes measures the clock times of the pairs and prints a table. It asserts
// nothing: the times of a busy machine are chance.
func TestTimes(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("ALLAUTH_TIMING"))
	if err != nil {
		t.Skip("ALLAUTH_TIMING is not set to a number of pairs")
	}
	var table strings.Builder
	table.WriteString("| Database | Enumeration | Flow | Request | Known, ms | Unknown, ms | Known is slower | p |\n|---|---|---|---|---|---|---|---|\n")
	for i, d := range databases {
		for _, m := range modes {
			for _, p := range pairs {
				if slices.Contains(p.told, m.mode) {
					continue
				}
				t.Run(d.name+"/"+m.name+"/"+p.name, func(t *testing.T) {
					w := open(t, i).start(t, append(p.edit, setting(func(cfg *account.Config) { cfg.Enumeration = m.mode }))...)
					known, unknown := w.measure(p, n)
					for i, s := range p.steps {
						c := timing.MannWhitney(known[i], unknown[i])
						fmt.Fprintf(&table, "| %s | %s | %s | %s | %.2f | %.2f | %.0f %% | %.3f |\n", d.name, m.name, p.name, s.name,
							timing.Median(known[i]), timing.Median(unknown[i]), 100*c.Slower, c.P)
					}
				})
			}
		}
	}
	fmt.Println(table.String())
}

// measure walks n times about a known and an unknown subject each, in turns of
// which chance decides the first, and returns the milliseconds of each step.
func (w *world) measure(p pair, n int) (known, unknown [][]float64) {
	w.t.Helper()
	known, unknown = make([][]float64, len(p.steps)), make([][]float64, len(p.steps))
	const warm = 5 // statements are being prepared
	for i := range n + warm {
		turns := []func(){
			func() { w.time(p, p.known(w), known, i >= warm) },
			func() { w.time(p, p.unknown(w), unknown, i >= warm) },
		}
		rand.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
		for _, turn := range turns {
			turn()
		}
	}
	return known, unknown
}

func (w *world) time(p pair, s subject, into [][]float64, keep bool) {
	w.t.Helper()
	c := w.Client(clienttest.App)
	for i, step := range p.steps {
		start := time.Now()
		answer := step.do(c, s)
		took := time.Since(start)
		if answer.StatusCode != step.status {
			w.t.Fatalf("%s (%d): status %d, want %d: %s", step.name, i+1, answer.StatusCode, step.status, answer.Text)
		}
		if keep {
			into[i] = append(into[i], float64(took)/float64(time.Millisecond))
		}
	}
}
