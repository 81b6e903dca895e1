package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/users"
)

func confirmed(email string) authn.EventDetails { return account.EmailConfirmed{Email: email} }

// What is published is kept, field by field, in the order in which it happened.
func TestEventsAreKept(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		var happened published
		s := clienttest.Start(t, kept, happened.collect)
		c := s.SignUp(kind, ann)
		s.Clock.Advance(time.Second)
		c.Post("auth/reauthenticate", body{"password": clienttest.Password}).Status(200)
		c.Post("account/email", body{"email": "second@example.org"}).Status(200)
		s.Clock.Advance(time.Second)
		s.Client(kind).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400)
		s.Client(kind).Post("auth/login", body{"email": bob, "password": "wrong-wrong-1"}).Status(400)
		s.Clock.Advance(time.Second)
		c.Delete("auth/session", nil).Status(401)

		want := happened.all()
		for i := range want {
			if _, failed := want[i].Details.(account.LoginFailed); failed {
				want[i].Details = account.LoginFailed{} // what was typed is not stored
			}
			if want[i].SessionID == "" != (want[i].Name == "account.login_failed") || !want[i].Client.IP.IsValid() {
				t.Errorf("incomplete event %+v", want[i])
			}
		}
		if got := events(t, s, audit.Filter{}); len(want) != 7 || !reflect.DeepEqual(got, want) {
			t.Errorf("kept\n%+v\npublished\n%+v", got, want)
		}
		login := want[2]
		for filter, n := range map[string]int{
			"user": len(events(t, s, audit.Filter{UserID: login.UserID, Limit: 2})), "actor": len(events(t, s, audit.Filter{ActorID: login.UserID})),
			"name":  len(events(t, s, audit.Filter{Names: []string{login.Name}})),
			"since": len(events(t, s, audit.Filter{From: login.Time.Add(time.Second)})), "until": len(events(t, s, audit.Filter{Until: login.Time})),
		} {
			if want := map[string]int{"user": 6, "actor": 3, "name": 1, "since": 4, "until": 2}[filter]; n != want {
				t.Errorf("by %s: %d events, want %d", filter, n, want)
			}
		}
	})
}

// Neither a change without its event nor an event without its change is stored.
func TestAnEventIsStoredWithItsChange(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	s := clienttest.StartOn(t, store, kept)
	c := s.SignUp(clienttest.App, ann)
	c.Post("auth/reauthenticate", body{"password": clienttest.Password}).Status(200)
	before := names(events(t, s, audit.Filter{}))
	for _, broken := range []string{"INSERT INTO allauth_audit_events", "COMMIT"} {
		store.Break(broken)
		c.Post("account/email", body{"email": "second@example.org"}).Status(503)
		s.Client(clienttest.App).Post("auth/login", body{"email": ann, "password": clienttest.Password}).Status(503)
		c.Delete("auth/session", nil).Status(503)
		store.Mend()
		if after := names(events(t, s, audit.Filter{})); !slices.Equal(after, before) {
			t.Errorf("with %s broken: events %v, before %v", broken, after, before)
		}
		if list := c.Get("account/email").Status(200).Value("data"); len(list.([]any)) != 1 {
			t.Errorf("with %s broken: addresses %v", broken, list)
		}
	}
	c.Post("account/email", body{"email": "second@example.org"}).Status(200)
	if after := names(events(t, s, audit.Filter{})); !slices.Equal(after, append(before, "account.email_added")) {
		t.Errorf("events %v", after)
	}
}

// What changes nothing is not refused because it cannot be written down.
func TestAFailedLoginIsRefusedWithoutItsEvent(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	s := clienttest.StartOn(t, store, kept)
	s.SignUp(clienttest.App, ann)
	store.Break("INSERT INTO allauth_audit_events")
	s.Client(clienttest.App).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Problems("password:email_password_mismatch")
	s.Client(clienttest.App).Post("auth/login", body{"email": bob, "password": "wrong-wrong-1"}).Problems("password:email_password_mismatch")
	store.Mend()
	if !s.Log.Contains("events were not stored") || len(events(t, s, audit.Filter{Names: []string{"account.login_failed"}})) > 0 {
		t.Errorf("the log:\n%s", s.Log.Text())
	}
}

// A refused login keeps the event of the sign-up, which stays, and has none of the login.
func TestARefusedLoginKeepsWhatStays(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, kept, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationNone
		cfg.BeforeLogin = func(context.Context, *authn.User, []authn.Method) error {
			return &authn.Error{Code: "closed", Message: "Closed."}
		}
	})
	s.OwnProblems = []string{"closed"}
	s.Client(clienttest.App).Post("auth/signup", body{"email": ann, "password": clienttest.Password}).Problems("closed")
	if got := names(events(t, s, audit.Filter{})); !slices.Equal(got, []string{"account.user_signed_up"}) {
		t.Errorf("events %v", got)
	}
}

// A transaction that collides is run again, and its events are stored once.
func TestACollisionStoresEventsOnce(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	s := clienttest.StartOn(t, store, kept)
	store.Collide()
	s.SignUp(clienttest.App, ann)
	if got := names(events(t, s, audit.Filter{})); store.Collisions() == 0 || !slices.Equal(got, []string{"account.user_signed_up", "account.email_confirmed", "account.user_logged_in"}) {
		t.Errorf("after %d collisions: events %v", store.Collisions(), got)
	}
}

// The trail names no event for a request about a taken address or an unknown account,
// although the same rows are written.
func TestDecoysAreNotRead(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	s := clienttest.StartOn(t, store, kept, func(cfg *allauth.Config) { cfg.Account.EmailVerificationByCode = &account.CodeConfig{} })
	s.SignUp(clienttest.App, ann)
	before := events(t, s, audit.Filter{})
	s.Clock.Advance(clienttest.NextCode)
	thief := s.Client(clienttest.App)
	thief.Post("auth/signup", body{"email": ann, "password": clienttest.Password}).Status(401)
	thief.Post("auth/email/verify", body{"key": "BBBB-BBBB"}).Status(400)
	if after := events(t, s, audit.Filter{}); len(after) != len(before) {
		t.Errorf("%v", names(after))
	}
	var decoys int
	if err := store.DB.QueryRow("SELECT COUNT(*) FROM allauth_audit_events WHERE name = 'decoy' AND user_id = ''").Scan(&decoys); err != nil || decoys != 2 {
		t.Errorf("%d decoys, %v", decoys, err)
	}
	s.Clock.Advance(time.Second)
	if err := s.Auth.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.DB.QueryRow("SELECT COUNT(*) FROM allauth_audit_events").Scan(&decoys); err != nil || decoys != len(before) {
		t.Errorf("%d rows after Clean, %v, want %d", decoys, err, len(before))
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.Audit = &audit.Config{Retention: 48 * time.Hour} })
	s.SignUp(clienttest.App, ann)
	for _, step := range []struct {
		wait time.Duration
		want int
	}{{48 * time.Hour, 3}, {time.Second, 0}} {
		s.Clock.Advance(step.wait)
		if err := s.Auth.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := events(t, s, audit.Filter{}); len(got) != step.want {
			t.Errorf("%d events are left, want %d", len(got), step.want)
		}
	}
}

// Of a forgotten user the trail keeps neither what happened to them nor where they
// acted as an administrator.
func TestForgetUser(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, kept)
	s.SignUp(clienttest.App, ann)
	s.SignUp(clienttest.App, bob)
	annID, bobID := userID(t, s, ann), userID(t, s, bob)
	if err := s.Auth.Users().SetPassword(allauth.WithActor(t.Context(), annID), bobID, "Another-1-horse"); err != nil {
		t.Fatal(err)
	}
	if err := s.Auth.Users().Delete(t.Context(), annID); err != nil {
		t.Fatal(err)
	}
	rest := events(t, s, audit.Filter{})
	text, err := json.Marshal(rest)
	if about := names(events(t, s, audit.Filter{UserID: annID})); err != nil || strings.Contains(string(text), ann) || len(about) != 1 || about[0] != "users.deleted" {
		t.Errorf("%s, %v", text, err)
	}
	rest = slices.DeleteFunc(rest, func(e authn.Event) bool { return e.UserID == annID })
	if last := rest[len(rest)-1]; len(rest) != 4 || last.ActorID != annID || last.UserID != bobID || last.Details != (account.PasswordChanged{}) {
		t.Errorf("%s", text)
	}
}

// A page of the host deletes the account of the user who asks for it. The trail keeps that
// it was deleted, and neither the address of the client nor what else happened in the same
// transaction; both are published.
func TestUsersWhoDeleteThemselves(t *testing.T) {
	t.Parallel()
	var happened published
	var s *clienttest.Server
	s = clienttest.Start(t, kept, happened.collect, func(cfg *allauth.Config) {
		cfg.Users = users.Config{BeforeDelete: func(ctx context.Context, u *authn.User) error {
			return s.Auth.Users().AddEmail(ctx, u.ID, "left@example.org", false)
		}}
	})
	c := s.SignUp(clienttest.App, ann)
	annID := userID(t, s, ann)
	below(s, c, func(ctx context.Context) {
		if err := s.Auth.Users().Delete(ctx, annID); err != nil {
			t.Error(err)
		}
	})
	list := events(t, s, audit.Filter{})
	if len(list) != 1 || list[0].Name != "users.deleted" || list[0].ActorID != annID || list[0].Client != (authn.Client{}) || list[0].SessionID != "" {
		t.Errorf("kept %+v", list)
	}
	told := happened.all()
	for _, e := range told[len(told)-2:] {
		if e.Name != "users.deleted" && e.Name != "account.email_added" || !e.Client.IP.IsValid() || e.SessionID == "" {
			t.Errorf("published %+v", e)
		}
	}
}

// A host keeps the events elsewhere: the decoys stay in the base store.
func TestEventsElsewhere(t *testing.T) {
	t.Parallel()
	base, elsewhere := clienttest.Open(t), memstore.New()
	s := clienttest.StartOn(t, storage.Compose(base, storage.Parts{Audit: elsewhere}), kept)
	s.SignUp(clienttest.App, ann)
	s.Clock.Advance(clienttest.NextCode)
	s.Client(clienttest.App).Post("auth/signup", body{"email": ann, "password": clienttest.Password}).Status(401)
	all := audit.Filter{Limit: 10}
	inBase, err := base.AuditEvents(t.Context(), all)
	there, err2 := elsewhere.AuditEvents(t.Context(), all)
	if err := errors.Join(err, err2); err != nil || len(inBase) != 0 || len(there) != 3 {
		t.Errorf("%d events in the base, %d elsewhere, %v", len(inBase), len(there), err)
	}
	if err := s.Auth.Users().Delete(t.Context(), there[0].UserID); err != nil {
		t.Fatal(err)
	}
	if left := names(events(t, s, audit.Filter{})); len(left) != 1 || left[0] != "users.deleted" {
		t.Errorf("left %v", left)
	}
	s.Clock.Advance(time.Second)
	n, err := base.Clean(t.Context(), s.Clock.Now(), 100)
	if err != nil || n == 0 {
		t.Errorf("Clean of the base: %d rows, %v", n, err)
	}
}

// A store that a later version has written to is read.
func TestOtherEvents(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	s := clienttest.StartOn(t, store, kept)
	now := s.Clock.Now()
	for i, name := range []string{"account.from_the_future", "account.email_added"} {
		row := audit.Row{ID: name, Name: name, Time: now.Add(time.Duration(i) * time.Second), UserID: "1", Details: []byte(`{"email":7}`), ExpiresAt: now.Add(time.Hour)}
		if err := store.AppendEvents(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range events(t, s, audit.Filter{}) {
		want := audit.OtherDetails{Name: e.Name, JSON: []byte(`{"email":7}`)}
		text, err := json.Marshal(e)
		if !reflect.DeepEqual(e.Details, want) || err != nil || !strings.Contains(string(text), `"details":{"email":7}`) {
			t.Errorf("%+v, %s, %v", e, text, err)
		}
	}
}

func TestAuditIsOff(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	s := clienttest.StartOn(t, store)
	store.Break("allauth_audit_events")
	c := s.SignUp(clienttest.App, ann)
	c.Get("account/activity").Status(404)
	if _, _, err := s.Auth.AuditEvents(t.Context(), audit.Filter{}); err == nil || !strings.Contains(err.Error(), "Config.Audit is nil") {
		t.Errorf("AuditEvents: %v", err)
	}
}

func TestConfigOfAudit(t *testing.T) {
	t.Parallel()
	cfg := allauth.Config{
		BaseURL: "https://app.example.com", Secrets: [][]byte{make([]byte, 32)}, Mailer: &notify.Log{Writer: io.Discard},
		Audit: &audit.Config{Retention: -time.Hour},
	}
	if _, err := allauth.New(cfg, memstore.New()); err == nil || !strings.Contains(err.Error(), "Audit.Retention is negative") {
		t.Errorf("New: %v", err)
	}
}
