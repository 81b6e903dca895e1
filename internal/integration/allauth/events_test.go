package allauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/users"
)

// published collects events.
type published struct {
	mu   sync.Mutex
	list []authn.Event
}

func (p *published) collect(cfg *allauth.Config) {
	cfg.OnEvent = func(_ context.Context, e authn.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.list = append(p.list, e)
	}
}

// take returns the events since the last call, by name, and fails the test if one of
// them is incomplete or has the id of another one.
func (p *published) take(t *testing.T) map[string]authn.Event {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	byName, ids := map[string]authn.Event{}, map[string]bool{}
	for _, e := range p.list {
		if len(e.ID) < 20 || ids[e.ID] || e.Name != e.Details.EventName() || e.Time.IsZero() {
			t.Errorf("incomplete event %+v", e)
		}
		byName[e.Name], ids[e.ID] = e, true
	}
	p.list = nil
	return byName
}

func sessionRow(t *testing.T, store storage.Store, userID string) string {
	t.Helper()
	rows, err := store.SessionsByUser(t.Context(), userID)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d sessions, %v", len(rows), err)
	}
	return rows[0].ID
}

func TestEventsSayWhoDidItAndWhere(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		var happened published
		store := clienttest.Open(t)
		s := clienttest.StartOn(t, store, happened.collect)
		c := s.SignUp(kind, "ann@example.org")
		login := happened.take(t)["account.user_logged_in"]
		session := sessionRow(t, store, login.UserID)
		if login.UserID == "" || login.ActorID != login.UserID || login.SessionID != session || !login.Client.IP.IsValid() || login.Client.UserAgent == "" {
			t.Errorf("the login of a sign-up: %+v", login)
		}

		s.Client(kind).Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": "wrong-wrong-1"}).Status(400)
		if failed := happened.take(t)["account.login_failed"]; failed.UserID != login.UserID || failed.ActorID != "" || failed.SessionID != "" || failed.Client.IP == login.Client.IP || !failed.Client.IP.IsValid() {
			t.Errorf("the failed login: %+v", failed)
		}
		s.Client(kind).Post("auth/login", clienttest.Body{"email": "bob@example.org", "password": "wrong-wrong-1"}).Status(400)
		if failed := happened.take(t)["account.login_failed"]; failed.UserID != "" || failed.Details != (account.LoginFailed{Identifier: "bob@example.org"}) {
			t.Errorf("the failed login of an unknown user: %+v", failed)
		}

		c.Post("auth/reauthenticate", clienttest.Body{"password": clienttest.Password}).Status(200)
		c.Post("account/email", clienttest.Body{"email": "second@example.org"}).Status(200)
		if added := happened.take(t)["account.email_added"]; added.ActorID != login.UserID || added.SessionID != session || added.Details != (account.EmailAdded{Email: "second@example.org"}) {
			t.Errorf("the new address: %+v", added)
		}

		c.Delete("auth/session", nil).Status(401)
		if out := happened.take(t)["account.user_logged_out"]; out.UserID != login.UserID || out.ActorID != login.UserID || out.SessionID != session {
			t.Errorf("the logout: %+v", out)
		}
		s.LogIn(kind, "ann@example.org")
		if again := happened.take(t)["account.user_logged_in"]; again.ActorID != login.UserID || again.SessionID != sessionRow(t, store, login.UserID) || again.SessionID == session {
			t.Errorf("the next login: %+v", again)
		}
	})
}

func TestAdministrativeCallsNameTheActor(t *testing.T) {
	t.Parallel()
	var happened published
	s := clienttest.Start(t, happened.collect)
	s.SignUp(clienttest.App, "ann@example.org")
	ann := happened.take(t)["account.user_signed_up"].UserID
	change := func(ctx context.Context) authn.Event {
		t.Helper()
		if err := s.Auth.Users().SetPassword(ctx, ann, "Another-1-horse"); err != nil {
			t.Fatal(err)
		}
		return happened.take(t)["account.password_changed"]
	}
	if e := change(t.Context()); e.UserID != ann || e.ActorID != "" || e.Client.IP.IsValid() {
		t.Errorf("without an actor: %+v", e)
	}
	if e := change(allauth.WithActor(t.Context(), "root")); e.UserID != ann || e.ActorID != "root" {
		t.Errorf("with an actor: %+v", e)
	}

	c := s.SignUp(clienttest.App, "admin@example.org")
	login := happened.take(t)["account.user_logged_in"]
	below := func(actor string) (e authn.Event) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "/admin/password", nil)
		r.Header.Set("X-Session-Token", c.Token)
		s.Auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			if actor != "" {
				ctx = allauth.WithActor(ctx, actor)
			}
			e = change(ctx)
		})).ServeHTTP(httptest.NewRecorder(), r)
		return e
	}
	if e := below(""); e.UserID != ann || e.ActorID != login.UserID || e.SessionID != login.SessionID || !e.Client.IP.IsValid() {
		t.Errorf("below the middleware: %+v", e)
	}
	if e := below("root"); e.ActorID != "root" || e.SessionID != login.SessionID {
		t.Errorf("below the middleware, with an actor: %+v", e)
	}
}

// detailsJSON is the JSON form of the details of each event. It is stored and sent to
// other programs, so nothing in it changes.
var detailsJSON = map[authn.EventDetails]string{
	account.UserSignedUp{}:                                 `{}`,
	account.UserLoggedOut{}:                                `{}`,
	account.LoginFailed{Identifier: "not-in-the-log"}:      `{}`,
	account.PasswordSet{}:                                  `{}`,
	account.PasswordChanged{}:                              `{}`,
	account.PasswordReset{}:                                `{}`,
	password.BreachFound{}:                                 `{}`,
	password.LookupFailed{}:                                `{}`,
	account.EmailAdded{Email: "e"}:                         `{"email":"e"}`,
	account.EmailRemoved{Email: "e"}:                       `{"email":"e"}`,
	account.EmailChanged{From: "a", To: "b"}:               `{"from":"a","to":"b"}`,
	account.EmailConfirmed{Email: "e"}:                     `{"email":"e"}`,
	account.PhoneChanged{From: "1", To: "2"}:               `{"from":"1","to":"2"}`,
	account.PhoneVerified{Number: "2"}:                     `{"number":"2"}`,
	account.CodeRejected{Purpose: "login_code"}:            `{"purpose":"login_code","last":false}`,
	account.AddressReclaimed{Email: "e"}:                   `{"email":"e"}`,
	mfa.AuthenticatorAdded{ID: 7, Type: mfa.TOTP}:          `{"id":7,"type":"totp"}`,
	mfa.AuthenticatorRemoved{ID: 7, Type: mfa.WebAuthn}:    `{"id":7,"type":"webauthn"}`,
	mfa.AuthenticatorReset{ID: 7, Type: mfa.RecoveryCodes}: `{"id":7,"type":"recovery_codes"}`,
	mfa.AuthenticatorUsed{ID: 7, Type: mfa.TOTP}:           `{"id":7,"type":"totp","reauthenticated":false,"passwordless":false}`,
	mfa.AuthenticationFailed{Type: mfa.TOTP}:               `{"type":"totp","reauthentication":false}`,
	mfa.KeyBackupChanged{ID: 7, BackupEligible: true}:      `{"id":7,"backup_eligible":true}`,
	mfa.KeyCloned{ID: 7}:                                   `{"id":7}`,

	socialaccount.AccountConnected{Provider: "p", UID: "u"}:                       `{"provider":"p","uid":"u"}`,
	socialaccount.AccountUpdated{Provider: "p", UID: "u"}:                         `{"provider":"p","uid":"u"}`,
	socialaccount.AccountDisconnected{Provider: "p", UID: "u"}:                    `{"provider":"p","uid":"u"}`,
	socialaccount.LoginFailed{Provider: "p", Process: "login", Code: "cancelled"}: `{"provider":"p","process":"login","code":"cancelled"}`,
	sessions.ImpersonationStarted{Reason: "r", EndsAt: time.Unix(0, 0).UTC()}:     `{"reason":"r","ends_at":"1970-01-01T00:00:00Z"}`,
	sessions.ImpersonationEnded{}:                                                 `{}`,
	sessions.NewDevice{Alerted: true}:                                             `{"alerted":true}`,
	sessions.LoginDisowned{ResetSent: true}:                                       `{"reset_sent":true}`,
	token.Reused{SessionID: "s"}:                                                  `{"session_id":"s"}`,

	users.Created{}: `{}`, users.Disabled{}: `{}`, users.Enabled{}: `{}`, users.FactorsReset{}: `{}`, users.DeletionCancelled{}: `{}`, users.Deleted{}: `{}`, users.Exported{}: `{}`,
	users.SessionsEnded{SessionID: "s"}: `{"session_id":"s"}`, users.Invited{Email: "e"}: `{"email":"e"}`, users.InvitationAccepted{Email: "e"}: `{"email":"e"}`,
	users.DeletionRequested{DueAt: time.Unix(0, 0).UTC()}: `{"due_at":"1970-01-01T00:00:00Z"}`,
}

func TestTheJSONFormOfEventsStays(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 12, 0, 0, 5_000_000, time.UTC)
	full := authn.Event{
		ID: "id1", Name: "account.user_logged_in", Time: at, UserID: "1", ActorID: "2", SessionID: "3",
		Client:  authn.Client{IP: netip.MustParseAddr("203.0.113.7"), UserAgent: "curl/8"},
		Details: account.UserLoggedIn{Signup: true, Methods: []authn.Method{{Name: "password", At: at, Email: "ann@example.org"}}},
	}
	const want = `{"id":"id1","type":"account.user_logged_in","timestamp":"2026-07-01T12:00:00.005000Z","data":{"user_id":"1","actor_id":"2",` +
		`"session_id":"3","ip":"203.0.113.7","user_agent":"curl/8","details":{"signup":true,"methods":[{"method":"password","at":1782907200.005,"email":"ann@example.org"}]}}}`
	if got, err := json.Marshal(full); err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
	for details, want := range detailsJSON {
		want = fmt.Sprintf(`{"id":"","type":%q,"timestamp":"0001-01-01T00:00:00.000000Z","data":{"details":%s}}`, details.EventName(), want)
		if got, err := json.Marshal(authn.Event{Name: details.EventName(), Details: details}); err != nil || string(got) != want {
			t.Errorf("%s, %v\nwant %s", got, err, want)
		}
	}
}

// frozenEvents returns the names in the list of all events.
func frozenEvents(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../frozen/frozen.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n[events]\n")
	section, _, found := strings.Cut(section, "\n\n")
	if !found {
		t.Fatal("frozen.txt has no events")
	}
	return strings.Fields(section)
}

// Every event is on the list above, and is read as it was stored: with its own type of
// details, which the root package must know.
func TestEveryEventIsReadAsItWasStored(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) { cfg.Audit = &audit.Config{} })
	all := map[string]authn.EventDetails{
		"account.user_logged_in": account.UserLoggedIn{Signup: true, Methods: []authn.Method{}}, "users.updated": users.Updated{Fields: []string{"display"}},
	}
	for details := range detailsJSON {
		all[details.EventName()] = details
	}
	if got, want := slices.Sorted(maps.Keys(all)), frozenEvents(t); !slices.Equal(got, want) {
		t.Errorf("the list has %v, want %v", got, want)
	}
	all["account.login_failed"] = account.LoginFailed{} // what was typed is not stored
	for name, details := range all {
		text, err := json.Marshal(details)
		if err == nil {
			err = store.AppendEvents(t.Context(), audit.Row{ID: name, Name: name, Time: s.Clock.Now(), Details: text, ExpiresAt: s.Clock.Now().Add(time.Hour)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	list, _, err := s.Auth.AuditEvents(t.Context(), audit.Filter{})
	if err != nil || len(list) != len(all) {
		t.Fatalf("%d events, %v", len(list), err)
	}
	for _, e := range list {
		if !reflect.DeepEqual(e.Details, all[e.Name]) {
			t.Errorf("%s is read as %T %+v; package allauth lists the decoders in audit.go", e.Name, e.Details, e.Details)
		}
	}
}

// An slog sink writes the same members, and never what a client typed into a login form.
func TestEventsAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := authn.Event{
		ID: "id1", Name: "account.login_failed", UserID: "1", Client: authn.Client{IP: netip.MustParseAddr("203.0.113.7")},
		Details: account.LoginFailed{Identifier: "My-Secret-1-horse"},
	}
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		log.Reset()
		slog.New(handler).Info(e.Name, "event", e)
		for _, want := range []string{"id1", "account.login_failed", "203.0.113.7", "{}"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %s: %s", want, log.String())
			}
		}
		if strings.Contains(log.String(), "Secret") {
			t.Errorf("the log holds what was typed: %s", log.String())
		}
	}
}
