package sqlrecord

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Statement is one that was run.
type Statement struct {
	// SQL is the normalised text: one blank between words, and savepoints without
	// their number. BEGIN, COMMIT and ROLLBACK stand for those of transactions.
	SQL string
	// Rows is how many rows it wrote. Those that a query with RETURNING wrote are
	// not counted.
	Rows int64
}

// Statements are those of one recording, in their order.
type Statements []Statement

// Recording collects statements. It is safe for concurrent use.
type Recording struct {
	mu       sync.Mutex
	list     Statements
	prepared []string
}

// Statements returns what was recorded so far.
func (r *Recording) Statements() Statements {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// Prepared returns the normalised texts that were prepared so far, each as often
// as it was.
func (r *Recording) Prepared() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.prepared)
}

func (r *Recording) prepare(sql string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prepared = append(r.prepared, normalise(sql))
}

func (r *Recording) add(sql string, rows int64) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, Statement{SQL: normalise(sql), Rows: rows})
}

var (
	blanks    = regexp.MustCompile(`\s+`)
	savepoint = regexp.MustCompile(`(?i)^((?:release |rollback to )?savepoint \w*?)\d+$`)
)

func normalise(sql string) string {
	return savepoint.ReplaceAllString(strings.TrimSpace(blanks.ReplaceAllString(sql, " ")), "${1}N")
}

// Written returns how many rows the statements wrote.
func (s Statements) Written() int64 {
	var n int64
	for _, one := range s {
		n += one.Rows
	}
	return n
}

// Running returns the statements whose text contains the given one.
func (s Statements) Running(text string) Statements {
	return slices.DeleteFunc(slices.Clone(s), func(one Statement) bool { return !strings.Contains(one.SQL, text) })
}

// Diff lists the statements that one of the two ran more often, or with another
// number of rows written in all, whatever their order. It is empty where both did
// the same work.
func Diff(a, b Statements) string {
	type total struct{ runs, rows int64 }
	totals := map[string][2]total{}
	for i, statements := range []Statements{a, b} {
		for _, one := range statements {
			both := totals[one.SQL]
			both[i].runs++
			both[i].rows += one.Rows
			totals[one.SQL] = both
		}
	}
	var lines []string
	for sql, both := range totals {
		if both[0] != both[1] {
			lines = append(lines, fmt.Sprintf("%d against %d runs, %d against %d rows: %s",
				both[0].runs, both[1].runs, both[0].rows, both[1].rows, sql))
		}
	}
	statement := func(line string) string { _, sql, _ := strings.Cut(line, ": "); return sql }
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(statement(a), statement(b)) })
	return strings.Join(lines, "\n")
}

type recordingKey struct{}

// Record returns a context whose statements are recorded.
func Record(ctx context.Context) (context.Context, *Recording) {
	r := &Recording{}
	return context.WithValue(ctx, recordingKey{}, r), r
}

func recordingOf(ctx context.Context) *Recording {
	r, _ := ctx.Value(recordingKey{}).(*Recording)
	return r
}

// Requests records the statements of each request that it hands on. It is safe
// for concurrent use.
type Requests struct {
	next http.Handler
	mu   sync.Mutex
	last *Recording
}

// Handler returns a handler that records what each request to next runs.
func Handler(next http.Handler) *Requests { return &Requests{next: next} }

// ServeHTTP implements http.Handler.
func (h *Requests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, recording := Record(r.Context())
	h.next.ServeHTTP(w, r.WithContext(ctx))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = recording
}

// Last returns the statements of the request that ended last. The answer to it
// must be no longer than 2 KiB, or it may reach the client earlier.
func (h *Requests) Last() Statements { return h.LastRecording().Statements() }

// LastRecording returns the recording of the request that ended last, as Last
// does. It is empty before the first one.
func (h *Requests) LastRecording() *Recording {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil {
		return &Recording{}
	}
	return h.last
}
