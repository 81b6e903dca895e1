package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"slices"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clientip"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/sessions"
)

// anonymousLifetime is how long a session without a logged-in user is valid: longer
// than any flow that may be pending in it.
const anonymousLifetime = time.Hour

// Deps are the dependencies of a Manager.
type Deps struct {
	// Store stores the rows, Tx locks users.
	Store sessions.Store
	Tx    authn.Transactor
	// Identifier looks up users.
	Identifier login.Identifier
	// Profiles is true if the profiles that come with rows are those that the
	// Identifier would read.
	Profiles bool
	// LoginTimeout is how long a login may be pending.
	LoginTimeout time.Duration
	// Now returns the time, Rand is the source of randomness.
	Now  func() time.Time
	Rand io.Reader
	// Logger receives warnings and errors.
	Logger *slog.Logger
	// HostCookies is true if the names of cookies begin with __Host-.
	HostCookies bool
}

// Manager loads and stores sessions. It is safe for concurrent use.
type Manager struct {
	cfg  sessions.Config
	deps Deps
	// Each kind of client has its own manager: scs keeps the loaded session in the
	// context, and a request of an app must never use a browser's session.
	scs map[login.Kind]*scs.SessionManager
}

// New returns a Manager. cfg must be valid and have its defaults.
func New(cfg sessions.Config, deps Deps) *Manager {
	m := &Manager{cfg: cfg, deps: deps, scs: map[login.Kind]*scs.SessionManager{}}
	for _, kind := range []login.Kind{login.App, login.Browser} {
		sm := scs.New()
		sm.Lifetime = cfg.Lifetime
		sm.HashTokenInStore = true
		sm.Codec = codec{}
		sm.Store = rowStore{rows: deps.Store, external: cfg.Store}
		m.scs[kind] = sm
	}
	return m
}

// Active is a session during one request. It is not safe for concurrent use.
type Active struct {
	*login.Session
	// TokenInvalid is true if the client sent a token and no session has it.
	TokenInvalid bool

	token string // empty if the session has no valid token
	row   *sessions.Row
	// others are the ids of further sessions whose tokens are in the request,
	// successors those of sessions whose replaced tokens are.
	others, successors []string
}

// Token returns the token of the stored session, empty if there is none.
func (a *Active) Token() string { return a.token }

// Row returns the stored row of the session, nil if nothing is stored yet.
func (a *Active) Row() *sessions.Row { return a.row }

// GetsToken reports whether the session gets a new token when it is stored.
func (a *Active) GetsToken() bool { return a.Changed() && (a.row == nil || a.Rotates()) }

// Outcome is what the answer tells the client about its session.
type Outcome struct {
	// Token is the new token, empty if the token in the request stays valid.
	Token string
	// Cleared is true if the request ended the session.
	Cleared bool
}

// Keep stores what changed. Returns work.ErrSessionEnded, and stores nothing, if
// another request ended the session, or gave it another token, meanwhile.
func (m *Manager) Keep(ctx context.Context, a *Active) (Outcome, error) {
	var outcome Outcome
	if a.Ended() {
		outcome.Cleared = a.row != nil || len(a.others)+len(a.successors) > 0
		if err := m.destroy(ctx, a); err != nil {
			return Outcome{}, err
		}
	}
	if !a.Changed() || a.row == nil && a.Empty() {
		a.kept()
		return outcome, nil
	}
	token, err := m.store(ctx, a)
	for try := 1; errors.Is(err, authn.ErrConflict) && try < maxMerges; try++ {
		if err = m.merge(ctx, a); err == nil {
			token, err = m.store(ctx, a)
		}
	}
	if errors.Is(err, authn.ErrNotFound) {
		return Outcome{}, work.ErrSessionEnded
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("store session: %w", err)
	}
	a.kept()
	if token == a.token {
		return Outcome{}, nil
	}
	a.token = token
	return Outcome{Token: token}, nil
}

// kept is called after the session was stored.
func (a *Active) kept() {
	id := ""
	if a.row != nil {
		id = a.row.ID
	}
	a.Kept(id)
}

// maxMerges is how often Keep tries to store a session that other requests change at
// the same time. Of any number of concurrent requests one succeeds each time.
const maxMerges = 100

// merge merges the changes of this request with those that another request has stored
// since the session was loaded. Returns authn.ErrNotFound if the session was ended, or
// has another token.
func (m *Manager) merge(ctx context.Context, a *Active) error {
	if a.row == nil {
		return authn.ErrConflict
	}
	rows, err := m.deps.Store.SessionsByTokens(ctx, a.row.TokenHash)
	if err != nil {
		return err
	}
	if len(rows) == 0 || rows[0].ID != a.row.ID {
		return authn.ErrNotFound
	}
	base, err := stateOf(a.row.Data)
	if err != nil {
		return err
	}
	theirs, err := stateOf(rows[0].Data)
	if err != nil {
		return err
	}
	a.State, a.row = login.Merge(base, a.State, theirs), &rows[0]
	return nil
}

// stateOf decodes the data of a row.
func stateOf(data []byte) (login.State, error) {
	_, values, err := codec{}.Decode(data)
	state, _ := values[stateKey].(login.State)
	return state, err
}

// KeepsInTx reports whether sessions are rolled back with a transaction of the
// main store.
func (m *Manager) KeepsInTx() bool { return m.cfg.Store == nil && m.deps.Store.SessionsInTx() }

// NeedsTx reports whether Keep runs several statements that a transaction of the main
// store makes one step.
func (m *Manager) NeedsTx(a *Active) bool {
	if !m.KeepsInTx() {
		return false
	}
	rows := 0
	if a.Ended() {
		rows = len(a.others) + len(a.successors)
		if a.row != nil {
			rows++
		}
	}
	if a.Changed() {
		rows++
	}
	return a.Rotates() || rows > 1
}

// Snapshot returns a function that restores the session in memory to its current state,
// for a transaction that is rolled back.
func (a *Active) Snapshot() (restore func()) {
	saved, undo := *a, a.Session.Snapshot()
	return func() {
		undo()
		a.token, a.row, a.others, a.successors = saved.token, saved.row, saved.others, saved.successors
	}
}

// store writes the session through scs and returns its token.
func (m *Manager) store(ctx context.Context, a *Active) (string, error) {
	sm, now := m.scs[a.Kind], m.deps.Now()
	fresh := a.GetsToken()
	written := &loading{found: a.row}
	ctx, err := sm.Load(context.WithValue(ctx, loadingKey{}, written), a.token)
	if err != nil {
		return "", err
	}
	if a.row != nil && fresh {
		if err := sm.RenewToken(ctx); err != nil {
			return "", err
		}
		if written.old, err = m.replaced(a, now); err != nil {
			return "", err
		}
	}
	row, err := m.nextRow(a, fresh, now)
	if err != nil {
		return "", err
	}
	written.write, written.fresh = row, fresh
	sm.Put(ctx, stateKey, a.State)
	sm.SetDeadline(ctx, row.ExpiresAt)
	token, _, err := sm.Commit(ctx)
	if err != nil {
		return "", err
	}
	a.row = row
	if !fresh || row.UserID == "" {
		return token, nil
	}
	// Identity.Sessions does not count the sessions of concurrent logins, so trim is
	// called from half of the limit on.
	if known := a.Owner().Sessions; known < 0 || known >= m.cfg.MaxPerUser/2 {
		work.Afterwards(ctx, func(ctx context.Context) error { return m.trim(ctx, row.UserID, row.ID) })
	}
	return token, m.endOthers(ctx, a)
}

// endOthers ends the other sessions whose tokens are in the request of a login.
// Otherwise the client would have tokens of different users from now on.
func (m *Manager) endOthers(ctx context.Context, a *Active) error {
	if err := m.End(ctx, a.others...); err != nil {
		return err
	}
	a.others = nil
	return nil
}

func (m *Manager) nextRow(a *Active, fresh bool, now time.Time) (*sessions.Row, error) {
	var row sessions.Row
	if a.row != nil {
		row = *a.row
	} else {
		var err error
		if row.ID, err = randomNumber(m.deps.Rand); err != nil {
			return nil, err
		}
	}
	if fresh {
		row.Kind, row.CreatedAt = m.rowKind(a.Kind, m.deps.HostCookies), now
	}
	ownerID := a.State.OwnerID()
	switch {
	case ownerID == "":
		row.ExpiresAt = now.Add(anonymousLifetime)
	case row.UserID != ownerID:
		row.ExpiresAt = now.Add(m.cfg.Lifetime)
	}
	row.UserID = ownerID
	if owner := a.Owner(); owner != nil {
		row.AuthHash = owner.AuthHash
	}
	row.LastSeenAt = now
	row.IP, row.UserAgent = clientip.Text(a.Client.IP), a.Client.UserAgent
	return &row, nil
}

// destroy ends all sessions whose tokens are in the request.
func (m *Manager) destroy(ctx context.Context, a *Active) error {
	if err := m.End(ctx, slices.Concat(a.others, a.successors)...); err != nil {
		return err
	}
	a.others, a.successors = nil, nil
	if a.row == nil {
		return nil
	}
	if err := m.End(ctx, a.row.ID); err != nil {
		return err
	}
	if m.cfg.Store != nil {
		ctx, err := m.scs[a.Kind].Load(context.WithValue(ctx, loadingKey{}, &loading{found: a.row}), a.token)
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if err := m.scs[a.Kind].Destroy(ctx); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
	}
	a.row, a.token = nil, ""
	return nil
}

// Touch stores the time at which the session was last used, at most once a minute, or
// once a second if users see it (Config.TrackActivity).
func (m *Manager) Touch(ctx context.Context, a *Active) error {
	if a.row == nil || a.row.UserID == "" {
		return nil
	}
	interval := time.Minute
	if m.cfg.TrackActivity {
		interval = time.Second
	}
	now := m.deps.Now()
	if now.Sub(a.row.LastSeenAt) < interval {
		return nil
	}
	if err := m.deps.Store.TouchSession(ctx, a.row.ID, clientip.Text(a.Client.IP), a.Client.UserAgent, now); err != nil {
		return fmt.Errorf("touch session: %w", err)
	}
	return nil
}

// randomNumber returns an id that a JavaScript number can represent: 1 to 2^53-1.
func randomNumber(random io.Reader) (string, error) {
	n, err := rand.Int(random, big.NewInt(1<<53-1))
	if err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	return n.Add(n, big.NewInt(1)).String(), nil
}
