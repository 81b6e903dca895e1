package session

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/sessions"
)

// Load returns the session of the tokens. It is anonymous if no token belongs to a
// session that has not ended. Of several such sessions Load returns the newest one with
// a logged-in user; if they belong to different users, it returns an anonymous one.
func (m *Manager) Load(ctx context.Context, kind login.Kind, client authn.Client, shown ...Shown) (*Active, error) {
	anonymous := &Active{Session: login.NewSession(kind, client)}
	if len(shown) == 0 {
		return anonymous, nil
	}
	hashes := make([]string, len(shown))
	for i, one := range shown {
		hashes[i] = hash(one.Token)
	}
	rows, err := m.deps.Store.SessionsByTokens(ctx, hashes...)
	if err != nil {
		return nil, fmt.Errorf("load sessions: %w", err)
	}
	var active []*Active
	for i, one := range shown {
		at := slices.IndexFunc(rows, func(row sessions.Row) bool { return row.TokenHash == hashes[i] })
		if at < 0 || m.expired(&rows[at]) {
			continue
		}
		if next, ok := successor(&rows[at], one); ok {
			anonymous.successors = append(anonymous.successors, next)
			continue
		}
		if rows[at].Kind != one.kind && !(m.cfg.DjangoKeys && rows[at].Kind == kindDjango) {
			m.deps.Logger.DebugContext(ctx, "a session token was sent in another way than it was issued for", "issued", rows[at].Kind, "sent", one.kind)
			continue
		}
		a := &Active{Session: login.NewSession(kind, client), token: one.Token, row: &rows[at]}
		if ok, err := m.open(ctx, a); err != nil {
			return nil, err
		} else if ok {
			active = append(active, a)
		}
	}
	anonymous.TokenInvalid = len(active)+len(anonymous.successors) == 0
	return choose(anonymous, active), nil
}

// choose returns the session of the request: the anonymous one if none is active, or if
// several belong to different users.
func choose(anonymous *Active, active []*Active) *Active {
	slices.SortStableFunc(active, func(a, b *Active) int {
		if a.Authenticated() != b.Authenticated() {
			return map[bool]int{true: -1, false: 1}[a.Authenticated()]
		}
		return b.row.CreatedAt.Compare(a.row.CreatedAt)
	})
	chosen := anonymous
	if len(active) > 0 {
		chosen = active[0]
	}
	for _, a := range active {
		if a.Authenticated() && a.UserID() != active[0].UserID() {
			chosen = anonymous
		}
	}
	for _, a := range active {
		if a != chosen {
			chosen.others = append(chosen.others, a.row.ID)
		}
	}
	return chosen
}

// open reads the session of a row, and reports whether it is active.
func (m *Manager) open(ctx context.Context, a *Active) (active bool, err error) {
	read := &loading{found: a.row}
	ctx, err = m.scs[a.Kind].Load(context.WithValue(ctx, loadingKey{}, read), a.token)
	if errors.Is(err, errUnreadable) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("load session: %w", err)
	}
	if !read.loaded { // the data is in another store, which has lost it
		return false, nil
	}
	a.State, _ = m.scs[a.Kind].Get(ctx, stateKey).(login.State)
	a.RowID = a.row.ID
	if l := a.State.Login; l != nil && m.deps.Now().Sub(l.StartedAt) > m.deps.LoginTimeout {
		a.SetLogin(nil)
	}
	if a.State.UserID == "" {
		return true, nil
	}
	return m.identify(ctx, a)
}

// CheckLogin ends a pending login whose user was deleted, or has a new password since
// the login began. It is called before the login is used, unless the flow checks this
// itself.
func (m *Manager) CheckLogin(ctx context.Context, a *Active) error {
	if a.State.Login == nil || a.State.UserID != "" {
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

// identify loads the session's user, and reports whether the session is active: it
// ends when the user to whom it belongs is deleted, or changes the password in another
// session. That of a disabled user is treated as anonymous.
func (m *Manager) identify(ctx context.Context, a *Active) (active bool, err error) {
	id, err := m.identity(ctx, a)
	if err == nil && id.AuthHash != a.row.AuthHash {
		err = m.rekeyed(ctx, a.row, id.AuthHash)
		if errors.Is(err, authn.ErrNotFound) && !m.KeepsInTx() {
			// A request may be about to commit the password of the new fingerprint,
			// or to store this session under it.
			return false, nil
		}
	}
	if errors.Is(err, authn.ErrNotFound) {
		return false, m.End(ctx, a.row.ID)
	}
	if err != nil {
		return false, fmt.Errorf("load user of session: %w", err)
	}
	if id.User.Disabled {
		return true, nil
	}
	if a.State.Impersonation != nil {
		return true, m.impersonate(ctx, a, id)
	}
	a.Identity = id
	return true, nil
}

// impersonate loads the user as whom the actor acts. It sets no identity if the
// impersonation is over.
func (m *Manager) impersonate(ctx context.Context, a *Active, actor *login.Identity) error {
	a.Actor = actor
	if !m.deps.Now().Before(a.State.Impersonation.EndsAt) {
		return nil
	}
	id, err := m.deps.Identifier.Identify(ctx, a.State.UserID)
	if errors.Is(err, authn.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("load impersonated user: %w", err)
	}
	if !id.User.Disabled && id.AuthHash == a.State.Impersonation.AuthHash {
		a.Identity = id
	}
	return nil
}

// identity returns the identity of the user to whom the session belongs, which may have
// been read along with the row.
func (m *Manager) identity(ctx context.Context, a *Active) (*login.Identity, error) {
	profile, ownerID := a.row.Profile, a.State.OwnerID()
	if !m.deps.Profiles || profile == nil || a.row.UserID != ownerID {
		return m.deps.Identifier.Identify(ctx, ownerID)
	}
	if profile.User == nil {
		return nil, authn.ErrNotFound
	}
	return m.deps.Identifier.IdentityOf(profile), nil
}

// rekeyed reads the row again and stores its fingerprint in row: the user may have
// changed the password in this session meanwhile. Returns authn.ErrNotFound if the
// fingerprint of the session is not authHash.
func (m *Manager) rekeyed(ctx context.Context, row *sessions.Row, authHash string) error {
	current, err := m.deps.Store.SessionsByTokens(ctx, row.TokenHash)
	if err != nil {
		return err
	}
	if len(current) == 0 || current[0].AuthHash != authHash {
		return authn.ErrNotFound
	}
	row.AuthHash = authHash
	return nil
}

func (m *Manager) expired(row *sessions.Row) bool {
	now := m.deps.Now()
	return now.After(row.ExpiresAt) || now.Sub(row.LastSeenAt) > m.cfg.IdleTimeout
}
