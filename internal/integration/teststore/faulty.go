package teststore

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"sync"
	"testing"

	"github.com/allauth-go/allauth/storage/sqlstore"
)

// Faulty is a store in a database that a test makes fail. It is safe for
// concurrent use.
type Faulty struct {
	*sqlstore.Store
	// DB is the database, for tests that read it.
	DB *sql.DB

	mu     sync.Mutex
	broken *regexp.Regexp

	colliding bool
	collided  map[string]bool // writes that have collided, by their text
	inARow    int             // collisions since the last commit
	commits   int
}

// OpenFaulty opens a store on an empty database, which works until the test says
// otherwise.
func OpenFaulty(t testing.TB) *Faulty {
	t.Helper()
	d, f := open(t), &Faulty{collided: map[string]bool{}}
	db := Cable(t, d.driver, d.source, f.cut)
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(4)
	f.Store, f.DB = sqlstore.New(db, d.dialect), db
	return f
}

// Break makes statements fail that match the expression, such as
// "INSERT INTO allauth_emails", until Mend is called.
func (f *Faulty) Break(statements string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = regexp.MustCompile(statements)
}

// Mend ends what Break began.
func (f *Faulty) Mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = nil
}

// Collide makes each kind of write collide with another transaction the first
// time it is run, and every other commit as well. A transaction collides five
// times at most before it can be committed.
func (f *Faulty) Collide() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.colliding = true
}

// Collisions returns how many kinds of writes have collided.
func (f *Faulty) Collisions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.collided)
}

var errBroken = errors.New("teststore: the database is broken")

// deadlock looks like an error of PostgreSQL, which the store knows in any
// dialect.
type deadlock struct{}

func (deadlock) Error() string    { return "deadlock detected" }
func (deadlock) SQLState() string { return "40P01" }

func (f *Faulty) cut(ctx context.Context, query string, inTx bool) error {
	if fault, ok := ctx.Value(faultKey{}).(*Fault); ok && fault.hits(inTx) {
		return fault.err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil && f.broken.MatchString(query) {
		return errBroken
	}
	if f.colliding && f.collides(query) {
		f.inARow++
		return deadlock{}
	}
	if query == "COMMIT" {
		f.inARow = 0
	}
	return nil
}

var writes = regexp.MustCompile(`^\s*(INSERT|UPDATE|DELETE|REPLACE)\b`)

func (f *Faulty) collides(query string) bool {
	switch {
	case query == "COMMIT":
		f.commits++
		return f.commits%2 == 1
	case !writes.MatchString(query) || f.collided[query] || f.inARow >= 5:
		return false
	}
	f.collided[query] = true
	return true
}
