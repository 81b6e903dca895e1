package sessions

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clientip"
	"github.com/allauth-go/allauth/internal/flow"
)

// anonymousLifetime is how long a session lasts in which nobody is logged in:
// longer than any flow that could be pending in it.
const anonymousLifetime = time.Hour

// Deps is what a Manager works with.
type Deps struct {
	// Store keeps the rows, Tx locks users.
	Store Store
	Tx    authn.Transactor
	// Identifier looks up users.
	Identifier flow.Identifier
	// Now is the clock, Rand where randomness comes from.
	Now  func() time.Time
	Rand io.Reader
	// Logger gets what goes wrong.
	Logger *slog.Logger
}

// Manager loads and stores sessions. It is safe for concurrent use.
type Manager struct {
	cfg  Config
	deps Deps
	// Each client kind has a manager of its own: scs keeps what it loaded in
	// the context, and an app's request must never see a browser's session.
	scs map[flow.Kind]*scs.SessionManager
}

// New returns a Manager. The configuration has been validated.
func New(cfg Config, deps Deps) *Manager {
	m := &Manager{cfg: cfg, deps: deps, scs: map[flow.Kind]*scs.SessionManager{}}
	for _, kind := range []flow.Kind{flow.App, flow.Browser} {
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
	*flow.Session
	// Dead is true if the client showed a token that leads nowhere.
	Dead bool

	token   string // what the client showed
	scsCtx  context.Context
	loading *loading
	row     *Row
}

// Row is what the store keeps beside the session, nil if nothing is stored yet.
func (a *Active) Row() *Row { return a.row }

// Load finds the session that a token of that client kind stands for. Without a
// token, and with one that leads nowhere, the session is anonymous.
func (m *Manager) Load(ctx context.Context, kind flow.Kind, token string, client authn.Client) (*Active, error) {
	a := &Active{Session: flow.NewSession(kind, client), token: token}
	if token == "" {
		return a, nil
	}
	l := &loading{}
	scsCtx, err := m.scs[kind].Load(context.WithValue(ctx, loadingKey{}, l), token)
	if err != nil && !errors.Is(err, errUnreadable) {
		return nil, fmt.Errorf("load session: %w", err)
	}
	row := l.found
	if err != nil || row == nil || row.Kind != string(kind) || m.expired(row) {
		a.Dead = true
		return a, nil
	}
	a.State, _ = m.scs[kind].Get(scsCtx, stateKey).(flow.State)
	a.scsCtx, a.loading, a.row = scsCtx, l, row
	a.RowID = row.ID
	if a.State.UserID == "" {
		return a, m.checkLogin(ctx, a)
	}
	return a, m.identify(ctx, a)
}

// checkLogin drops a pending login whose user is gone, or got a new password
// since it began.
func (m *Manager) checkLogin(ctx context.Context, a *Active) error {
	if a.State.Login == nil {
		return nil
	}
	current, err := a.State.Login.IsCurrent(ctx, m.deps.Identifier)
	if err != nil {
		return fmt.Errorf("load user of pending login: %w", err)
	}
	if !current {
		a.SetLogin(nil)
	}
	return nil
}

// identify loads the session's user. A session whose user is gone, or whose
// credentials changed, is dead; that of a disabled user answers as anonymous.
func (m *Manager) identify(ctx context.Context, a *Active) error {
	id, err := m.deps.Identifier.Identify(ctx, a.State.UserID)
	if err == nil && id.AuthHash != a.row.AuthHash {
		err = m.rekeyed(ctx, a.row, id.AuthHash)
	}
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("load user of session: %w", err)
	}
	if err != nil {
		if err := m.deps.Store.DeleteSession(ctx, a.row.ID); err != nil {
			return fmt.Errorf("delete dead session: %w", err)
		}
		kind, client, token := a.Kind, a.Client, a.token
		*a = Active{Session: flow.NewSession(kind, client), token: token, Dead: true}
		return nil
	}
	if !id.User.Disabled {
		a.Identity = id
	}
	return nil
}

// rekeyed looks whether the session has moved to a new fingerprint since its row
// was read, as it does when its user changes the password in it. ErrNotFound if
// it has not.
func (m *Manager) rekeyed(ctx context.Context, row *Row, authHash string) error {
	current, err := m.deps.Store.SessionByToken(ctx, row.TokenHash)
	if err != nil {
		return err
	}
	if current.AuthHash != authHash {
		return authn.ErrNotFound
	}
	row.AuthHash = authHash
	return nil
}

func (m *Manager) expired(row *Row) bool {
	now := m.deps.Now()
	return now.After(row.ExpiresAt) || now.Sub(row.LastSeenAt) > m.cfg.IdleTimeout
}

// Outcome is what a client has to learn of its session after a request.
type Outcome struct {
	// Token is the new token, empty if the one that was shown stays valid.
	Token string
	// Cleared is true if the client should forget the token it showed.
	Cleared bool
}

// Commit stores what changed. flow.ErrSessionEnded if the session was ended
// while the request was under way: then nothing is stored.
func (m *Manager) Commit(ctx context.Context, a *Active) (Outcome, error) {
	outcome := Outcome{Cleared: a.Dead && a.token != ""}
	if a.Ended() {
		if err := m.destroy(ctx, a); err != nil {
			return Outcome{}, err
		}
		outcome.Cleared = a.token != ""
	}
	switch {
	case !a.Changed():
		return outcome, m.touch(ctx, a)
	case a.row == nil && a.Empty():
		return outcome, nil
	}
	token, err := m.store(ctx, a)
	if errors.Is(err, authn.ErrNotFound) {
		return Outcome{}, flow.ErrSessionEnded
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("store session: %w", err)
	}
	if token == a.token {
		token = ""
	}
	return Outcome{Token: token}, nil
}

// store writes the session through scs and returns its token.
func (m *Manager) store(ctx context.Context, a *Active) (string, error) {
	sm, now := m.scs[a.Kind], m.deps.Now()
	fresh := a.row == nil || a.Rotates()
	if a.row == nil {
		a.loading = &loading{}
		var err error
		if a.scsCtx, err = sm.Load(context.WithValue(ctx, loadingKey{}, a.loading), ""); err != nil {
			return "", err
		}
	} else if fresh {
		if err := sm.RenewToken(a.scsCtx); err != nil {
			return "", err
		}
	}
	row, err := m.nextRow(a, fresh, now)
	if err != nil {
		return "", err
	}
	a.loading.write, a.loading.fresh = row, fresh
	if a.row != nil {
		a.loading.replaces = a.row.ID
	}
	sm.Put(a.scsCtx, stateKey, a.State)
	sm.SetDeadline(a.scsCtx, row.ExpiresAt)
	token, _, err := sm.Commit(a.scsCtx)
	if err != nil {
		return "", err
	}
	a.row = row
	if fresh && row.UserID != "" {
		err = m.trim(ctx, row.UserID, row.ID)
	}
	return token, err
}

func (m *Manager) nextRow(a *Active, fresh bool, now time.Time) (*Row, error) {
	row := Row{Kind: string(a.Kind), CreatedAt: now}
	if a.row != nil {
		row = *a.row
	}
	if fresh {
		id, err := randomNumber(m.deps.Rand)
		if err != nil {
			return nil, err
		}
		row.ID, row.CreatedAt = id, now
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

func (m *Manager) destroy(ctx context.Context, a *Active) error {
	if a.row == nil {
		return nil
	}
	if err := m.deps.Store.DeleteSession(ctx, a.row.ID); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if err := m.scs[a.Kind].Destroy(a.scsCtx); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	a.row = nil
	return nil
}

// touch notes that the session was used. Once a minute is enough to tell an
// idle session; where users see it, once a second.
func (m *Manager) touch(ctx context.Context, a *Active) error {
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
