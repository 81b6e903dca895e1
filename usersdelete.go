package allauth

import (
	"context"
	"encoding/json"
	"time"

	"github.com/allauth-go/allauth/internal/trail"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/users"
)

// Delete deletes everything that the library stores of the user, and ends all sessions
// at once. It calls Users.BeforeDelete of the configuration first, in the same
// transaction, and returns its error; a host deletes its own row of the user there, or
// before. It is not an error if there is nothing to delete.
func (u *Users) Delete(ctx context.Context, userID string) error {
	return u.change(ctx, "delete user", func(ctx context.Context) error {
		_, err := u.auth.account.Forget(ctx, userID, time.Time{}, u.auth.cfg.Users.BeforeDelete, u.auth.forget)
		return err
	})
}

// Deletion returns the deletion that the user has requested. It returns
// [authn.ErrNotFound] if there is none.
func (u *Users) Deletion(ctx context.Context, userID string) (*users.Deletion, error) {
	d, err := u.auth.account.DeletionOf(ctx, userID)
	return d, failed("load deletion", err)
}

// CancelDeletion cancels the deletion that the user has requested. It returns
// [authn.ErrNotFound] if there is none.
func (u *Users) CancelDeletion(ctx context.Context, userID string) error {
	return u.change(ctx, "cancel deletion", func(ctx context.Context) error { return u.auth.account.CancelDeletion(ctx, userID) })
}

// duePage is the number of due deletions that are looked up at a time.
const duePage = 20

// deleteDue deletes at most limit users who have requested it, and returns how many it
// deleted. Users who cannot be deleted, because Users.BeforeDelete refuses it, are
// logged and do not keep the others from being deleted.
func (a *Auth) deleteDue(ctx context.Context, now time.Time, limit int) (int, error) {
	deleted, after := 0, ""
	for {
		due, err := a.account.DueDeletions(ctx, now, after, duePage)
		if err != nil {
			return deleted, err
		}
		for _, d := range due {
			if deleted == limit {
				return deleted, nil
			}
			after = d.UserID
			var done bool
			err := a.work.Do(ctx, work.Origin{ActorID: d.UserID}, func(ctx context.Context) (err error) {
				done, err = a.account.Forget(ctx, d.UserID, now, a.cfg.Users.BeforeDelete, a.forget)
				return err
			})
			if err != nil {
				if ctx.Err() != nil {
					return deleted, err
				}
				a.cfg.Logger.ErrorContext(ctx, "an account whose deletion is due was not deleted", "user", d.UserID, "error", err)
			}
			if done {
				deleted++
			}
		}
		if len(due) < duePage {
			return deleted, nil
		}
	}
}

// exported is the document of Export.
type exported struct {
	User struct {
		ID          string                     `json:"id"`
		Username    string                     `json:"username"`
		Display     string                     `json:"display"`
		Disabled    bool                       `json:"disabled"`
		CreatedAt   *time.Time                 `json:"created_at,omitempty"`
		Extra       map[string]json.RawMessage `json:"extra,omitempty"`
		HasPassword bool                       `json:"has_password"`
	} `json:"user"`
	Emails         []exportedContact       `json:"emails"`
	Phones         []exportedContact       `json:"phones"`
	Sessions       []exportedSession       `json:"sessions"`
	Authenticators []exportedAuthenticator `json:"authenticators"`
	Providers      []exportedProvider      `json:"providers"`
	Deletion       *exportedDeletion       `json:"deletion,omitempty"`
	// Events are those of the audit trail.
	Events []exportedEvent `json:"events,omitempty"`
}

type exportedContact struct {
	Email    string `json:"email,omitempty"`
	Number   string `json:"number,omitempty"`
	Verified bool   `json:"verified"`
	Primary  bool   `json:"primary,omitempty"`
}

type exportedSession struct {
	Kind       string    `json:"kind"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"user_agent"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

type exportedAuthenticator struct {
	Type       string     `json:"type"`
	Name       string     `json:"name,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

type exportedProvider struct {
	Provider  string          `json:"provider"`
	UID       string          `json:"uid"`
	Profile   json.RawMessage `json:"profile,omitempty"`
	CreatedAt time.Time       `json:"created_at"`
	LastLogin time.Time       `json:"last_login"`
}

type exportedDeletion struct {
	RequestedAt time.Time `json:"requested_at"`
	DueAt       time.Time `json:"due_at"`
}

type exportedEvent struct {
	Name string    `json:"name"`
	Time time.Time `json:"time"`
	// Actor is trail.Administrator if another user caused the event, and else empty.
	Actor     string          `json:"actor,omitempty"`
	IP        string          `json:"ip,omitempty"`
	UserAgent string          `json:"user_agent,omitempty"`
	Details   json.RawMessage `json:"details,omitempty"`
}

// Export returns everything that the library stores of the user, as a JSON object:
// user, emails, phones, sessions, authenticators, providers, deletion if one was
// requested, and events if Config.Audit is set. It has no passwords, hashes, tokens and
// other secrets, and does not say who administered the account, from where and why.
func (u *Users) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	var document any
	err := u.change(ctx, "export", func(ctx context.Context) (err error) {
		document, err = exporter{u.auth}.Export(ctx, userID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(document)
}

// exporter exports the data of users in the unit of work of its caller.
type exporter struct{ auth *Auth }

// Export implements api.Exporter.
func (e exporter) Export(ctx context.Context, userID string) (any, error) {
	var document *exported
	err := e.auth.work.InTx(ctx, func(ctx context.Context) (err error) {
		document, err = e.read(ctx, userID)
		return err
	})
	if err != nil {
		return nil, err
	}
	work.Emit(ctx, userID, users.Exported{})
	return document, nil
}

func (e exporter) read(ctx context.Context, userID string) (*exported, error) {
	known, err := e.auth.account.AccountOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	doc := &exported{
		Emails: []exportedContact{}, Phones: []exportedContact{}, Sessions: []exportedSession{}, Authenticators: []exportedAuthenticator{}, Providers: []exportedProvider{},
	}
	doc.User.ID, doc.User.Username, doc.User.Display, doc.User.Disabled = known.ID, known.Username, known.Display, known.Disabled
	doc.User.CreatedAt, doc.User.Extra, doc.User.HasPassword = notZero(known.CreatedAt), known.Extra, known.HasPassword
	for _, email := range known.Emails {
		doc.Emails = append(doc.Emails, exportedContact{Email: email.Address, Verified: email.Verified, Primary: email.Primary})
	}
	if known.Phone.Number != "" {
		doc.Phones = append(doc.Phones, exportedContact{Number: known.Phone.Number, Verified: known.Phone.Verified})
	}
	for _, read := range []func(ctx context.Context, userID string, doc *exported) error{e.sessions, e.authenticators, e.providers, e.deletion, e.events} {
		if err := read(ctx, userID, doc); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// notZero returns nil for the zero time.
func notZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (e exporter) sessions(ctx context.Context, userID string, doc *exported) error {
	rows, err := e.auth.store.SessionsByUser(ctx, userID)
	for _, row := range rows {
		doc.Sessions = append(doc.Sessions, exportedSession{row.Kind, row.IP, row.UserAgent, row.CreatedAt, row.LastSeenAt, row.ExpiresAt})
	}
	return err
}

func (e exporter) authenticators(ctx context.Context, userID string, doc *exported) error {
	rows, err := e.auth.store.AuthenticatorsByUser(ctx, userID)
	for _, row := range rows {
		doc.Authenticators = append(doc.Authenticators, exportedAuthenticator{string(row.Type), row.Name, row.CreatedAt, notZero(row.LastUsedAt)})
	}
	return err
}

func (e exporter) providers(ctx context.Context, userID string, doc *exported) error {
	rows, err := e.auth.store.SocialAccountsByUser(ctx, userID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if !json.Valid(row.ExtraData) {
			row.ExtraData = nil
		}
		doc.Providers = append(doc.Providers, exportedProvider{row.Provider, row.UID, row.ExtraData, row.CreatedAt, row.LastLogin})
	}
	return nil
}

func (e exporter) deletion(ctx context.Context, userID string, doc *exported) error {
	d, err := e.auth.account.DeletionOf(ctx, userID)
	if err == nil {
		doc.Deletion = &exportedDeletion{d.RequestedAt, d.DueAt}
	}
	if isMissing(err) {
		return nil
	}
	return err
}

// events adds the events of the audit trail that the user may see.
func (e exporter) events(ctx context.Context, userID string, doc *exported) error {
	if e.auth.trail == nil {
		return nil
	}
	for cursor := ""; ; {
		rows, next, err := e.auth.trail.Activity(ctx, userID, cursor)
		if err != nil {
			return err
		}
		for _, row := range rows {
			event := exportedEvent{Name: row.Name, Time: row.Time, IP: row.IP, UserAgent: row.UserAgent, Details: row.Details}
			if trail.ByOther(row) {
				event.Actor, event.IP, event.UserAgent = trail.Administrator, "", ""
				if event.Details, err = json.Marshal(trail.Details(row)); err != nil {
					return err
				}
			}
			doc.Events = append(doc.Events, event)
		}
		if cursor = next; next == "" {
			return nil
		}
	}
}

// forget deletes the rows of a user in a transaction. Events of that transaction are
// stored without what tells more than the deletion.
func (a *Auth) forget(ctx context.Context, userID string) error {
	err := a.store.ForgetUser(ctx, userID)
	if err == nil {
		work.ForgetEvents(ctx, userID)
	}
	return err
}
