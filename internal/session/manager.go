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

// anonymousLifetime is how long a session lasts without a logged-in user:
// longer than any flow that could be pending in it.
const anonymousLifetime = time.Hour

// Deps is what a Manager works with.
type Deps struct {
	// Store keeps the rows, Tx locks users.
	Store sessions.Store
	Tx    authn.Transactor
	// Identifier looks up users.
	Identifier login.Identifier
	// Profiles is true if the profiles that come with rows are those that the
	// Identifier would read.
	Profiles bool
	// LoginTimeout is how long a login may stay pending, from its start.
	LoginTimeout time.Duration
	// Now is the clock, Rand where randomness comes from.
	Now  func() time.Time
	Rand io.Reader
	// Logger gets what goes wrong.
	Logger *slog.Logger
	// HostCookies is true where the names of cookies begin with __Host-.
	HostCookies bool
}

// Manager loads and stores sessions. It is safe for concurrent use.
type Manager struct {
	cfg  sessions.Config
	deps Deps
	// Each client kind has a manager of its own: scs keeps what it loaded in
	// the context, and an app's request must never see a browser's session.
	scs map[login.Kind]*scs.SessionManager
}

// New returns a Manager. The configuration has been validated.
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

	token string // empty if the session has none that is good
	row   *sessions.Row
	// others are the ids of further sessions that the client showed tokens of,
	// and successors of those that go on under another token than it showed.
	others, successors []string
}

// Token returns the token of the stored session, empty if there is none.
func (a *Active) Token() string { return a.token }

// Row is what the store keeps beside the session, nil if nothing is stored yet.
func (a *Active) Row() *sessions.Row { return a.row }

// GetsToken reports whether the session gets a new token when it is stored.
func (a *Active) GetsToken() bool { return a.Changed() && (a.row == nil || a.Rotates()) }

// Outcome is what a client has to learn of its session after a request.
type Outcome struct {
	// Token is the new token, empty if the one that was shown stays valid.
	Token string
	// Cleared is true if the request ended the session.
	Cleared bool
}

// Keep stores what changed, and returns what the client has to learn.
// work.ErrSessionEnded if the session was ended, or got another token, while the
// request was under way: then nothing is stored.
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

// kept notes that the session is stored as it is.
func (a *Active) kept() {
	id := ""
	if a.row != nil {
		id = a.row.ID
	}
	a.Kept(id)
}

// maxMerges is how often a session is stored that other requests change: of any
// number of requests at once one succeeds each time.
const maxMerges = 100

// merge brings what another request has stored of the session, since it was loaded,
// together with what this one changed. authn.ErrNotFound if the session was ended, or
// got another token.
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

// Snapshot returns a function that brings the session in memory back to what it is
// now, for a transaction that is rolled back.
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
	// Sessions of logins at the same time are not counted yet: there is room for as
	// many again.
	if known := a.Identity.Sessions; known < 0 || known >= m.cfg.MaxPerUser/2 {
		work.Afterwards(ctx, func(ctx context.Context) error { return m.trim(ctx, row.UserID, row.ID) })
	}
	return token, m.endOthers(ctx, a)
}

// endOthers ends further sessions whose tokens the client showed at a login, or
// two of them would contradict each other from now on.
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
	switch {
	case a.State.UserID == "":
		row.ExpiresAt = now.Add(anonymousLifetime)
	case row.UserID != a.State.UserID:
		row.ExpiresAt = now.Add(m.cfg.Lifetime)
	}
	row.UserID = a.State.UserID
	if a.Identity != nil {
		row.AuthHash = a.Identity.AuthHash
	}
	row.LastSeenAt = now
	row.IP, row.UserAgent = clientip.Text(a.Client.IP), a.Client.UserAgent
	return &row, nil
}

// destroy ends every session that the client showed a token of.
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

// Touch notes that the session was used. Once a minute is enough to tell an
// idle session; where users see it, once a second.
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

// randomNumber returns an id that JavaScript can hold: 1 to 2^53-1.
func randomNumber(random io.Reader) (string, error) {
	n, err := rand.Int(random, big.NewInt(1<<53-1))
	if err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	return n.Add(n, big.NewInt(1)).String(), nil
}
