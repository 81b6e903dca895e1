package bench_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// bareUser is a row of a host's table of users.
type bareUser struct {
	id                    int64
	email, username, hash string
}

// bareSite is what a host writes without the library: scs, and a query for the
// user, who is named in the session.
type bareSite struct {
	manager *scs.SessionManager
	add     func(u bareUser) error
	find    func(ctx context.Context, id int64) (bareUser, error)
}

// newBareSite returns a site whose sessions and users are in the database, or in
// memory if it is nil.
func newBareSite(tb testing.TB, db *sql.DB, numbered bool) *bareSite {
	tb.Helper()
	s := &bareSite{manager: scs.New()}
	s.manager.Lifetime = 14 * 24 * time.Hour
	if db == nil {
		s.manager.Store = memstore.NewWithCleanupInterval(0)
		s.inMemory()
		return s
	}
	s.manager.Store = newBareStore(tb, db, numbered)
	s.inDatabase(tb, db)
	return s
}

func (s *bareSite) inMemory() {
	var mu sync.RWMutex
	users := map[int64]bareUser{}
	s.add = func(u bareUser) error {
		mu.Lock()
		defer mu.Unlock()
		users[u.id] = u
		return nil
	}
	s.find = func(_ context.Context, id int64) (bareUser, error) {
		mu.RLock()
		defer mu.RUnlock()
		u, ok := users[id]
		if !ok {
			return bareUser{}, sql.ErrNoRows
		}
		return u, nil
	}
}

func (s *bareSite) inDatabase(tb testing.TB, db *sql.DB) {
	tb.Helper()
	must(tb, db, `CREATE TABLE bare_users (id BIGINT PRIMARY KEY, email TEXT NOT NULL, username TEXT NOT NULL, hash TEXT NOT NULL)`)
	query, err := db.Prepare(`SELECT email, username, hash FROM bare_users WHERE id = $1`)
	if err != nil {
		tb.Fatal(err)
	}
	s.add = func(u bareUser) error {
		_, err := db.Exec(`INSERT INTO bare_users (id, email, username, hash) VALUES ($1, $2, $3, $4)`, u.id, u.email, u.username, u.hash)
		return err
	}
	s.find = func(ctx context.Context, id int64) (bareUser, error) {
		u := bareUser{id: id}
		return u, query.QueryRowContext(ctx, id).Scan(&u.email, &u.username, &u.hash)
	}
}

func must(tb testing.TB, db *sql.DB, text string) {
	tb.Helper()
	if _, err := db.Exec(text); err != nil {
		tb.Fatal(err)
	}
}

// handler serves the clients of a kind.
func (s *bareSite) handler(kind clienttest.Kind) http.Handler {
	if kind == clienttest.Browser {
		return s.manager.LoadAndSave(http.HandlerFunc(s.session))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := s.manager.Load(r.Context(), r.Header.Get("X-Session-Token"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		s.session(w, r.WithContext(ctx))
	})
}

// session writes who is logged in.
func (s *bareSite) session(w http.ResponseWriter, r *http.Request) {
	u, err := s.find(r.Context(), s.manager.GetInt64(r.Context(), "user"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(newAnswer(u, s.manager.GetBytes(r.Context(), "methods"))) // the client may be gone
}

// answer is that of GET auth/session.
type answer struct {
	Status int `json:"status"`
	Data   struct {
		User struct {
			ID                int64  `json:"id"`
			Display           string `json:"display"`
			Email             string `json:"email,omitempty"`
			HasUsablePassword bool   `json:"has_usable_password"`
			Username          string `json:"username,omitempty"`
		} `json:"user"`
		Methods json.RawMessage `json:"methods"`
	} `json:"data"`
	Meta struct {
		IsAuthenticated bool `json:"is_authenticated"`
	} `json:"meta"`
}

func newAnswer(u bareUser, methods []byte) answer {
	a := answer{Status: http.StatusOK}
	a.Data.User.ID, a.Data.User.Email, a.Data.User.Username = u.id, u.email, u.username
	a.Data.User.Display = u.email
	if u.username != "" {
		a.Data.User.Display = u.username
	}
	a.Data.User.HasUsablePassword = u.hash != ""
	a.Data.Methods = methods
	a.Meta.IsAuthenticated = true
	return a
}

// logIn adds the user that an answer of ours shows, and a session of theirs, and
// returns what marks the client.
func (s *bareSite) logIn(tb testing.TB, kind clienttest.Kind, shown answer) (mark func(r *http.Request)) {
	tb.Helper()
	u := bareUser{shown.Data.User.ID, shown.Data.User.Email, shown.Data.User.Username, strings.Repeat("h", 97)}
	if err := s.add(u); err != nil {
		tb.Fatal(err)
	}
	ctx, err := s.manager.Load(context.Background(), "")
	if err != nil {
		tb.Fatal(err)
	}
	s.manager.Put(ctx, "user", u.id)
	s.manager.Put(ctx, "methods", []byte(shown.Data.Methods))
	token, _, err := s.manager.Commit(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	return func(r *http.Request) {
		if kind == clienttest.App {
			r.Header.Set("X-Session-Token", token)
			return
		}
		r.AddCookie(&http.Cookie{Name: s.manager.Cookie.Name, Value: token})
	}
}

// bareStore keeps scs sessions in a database, with the statements of scs's own
// stores, sqlite3store and postgresstore.
type bareStore struct {
	db           *sql.DB
	find, commit string
}

var _ scs.CtxStore = bareStore{}

func newBareStore(tb testing.TB, db *sql.DB, postgres bool) bareStore {
	tb.Helper()
	if postgres {
		must(tb, db, `CREATE TABLE bare_sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)`)
		return bareStore{
			db: db, find: `SELECT data FROM bare_sessions WHERE token = $1 AND current_timestamp < expiry`,
			commit: `INSERT INTO bare_sessions (token, data, expiry) VALUES ($1, $2, to_timestamp($3))`,
		}
	}
	must(tb, db, `CREATE TABLE bare_sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`)
	return bareStore{
		db: db, find: `SELECT data FROM bare_sessions WHERE token = $1 AND julianday('now') < expiry`,
		commit: `INSERT INTO bare_sessions (token, data, expiry) VALUES ($1, $2, julianday($3, 'unixepoch'))`,
	}
}

func (s bareStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := s.db.QueryRowContext(ctx, s.find, token).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

func (s bareStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := s.db.ExecContext(ctx, s.commit, token, data, expiry.Unix())
	return err
}

var errNotMeasured = errors.New("no request that is measured does this")

func (bareStore) DeleteCtx(context.Context, string) error { return errNotMeasured }
func (bareStore) Find(string) ([]byte, bool, error)       { return nil, false, errNotMeasured }
func (bareStore) Commit(string, []byte, time.Time) error  { return errNotMeasured }
func (bareStore) Delete(string) error                     { return errNotMeasured }
