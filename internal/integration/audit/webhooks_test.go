package audit_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

// to turns the trail on with a webhook.
func to(url string, events ...string) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) {
		kept(cfg)
		cfg.Audit.Webhooks = append(cfg.Audit.Webhooks, audit.Webhook{URL: url, Secrets: []string{newSecret, oldSecret}, Events: events})
	}
}

func TestWebhooksReceiveEvents(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		var happened published
		all, logins := newReceiver(t), newReceiver(t)
		s := clienttest.Start(t, to(all.URL+"/hook"), happened.collect, func(cfg *allauth.Config) {
			cfg.Audit.Webhooks = append(cfg.Audit.Webhooks, audit.Webhook{URL: logins.URL, Secrets: []string{oldSecret}, Events: []string{"account.user_logged_in"}})
		})
		s.SignUp(kind, ann)
		s.Client(kind).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400)
		list := happened.all()
		byID := all.take(t, len(list))
		for _, e := range list {
			d := byID[e.ID]
			if text, err := json.Marshal(e); err != nil || string(text) != string(d.body) || d.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s arrived as %s, %v, %v", text, d.body, d.header, err)
			}
			if !d.verify(t, oldSecret) || !d.verify(t, newSecret) || d.verify(t, "whsec_"+strings.Repeat("B", 32)) {
				t.Errorf("signatures %s", d.header.Get("webhook-signature"))
			}
			d.body = append(d.body, ' ')
			if d.verify(t, oldSecret) {
				t.Error("the signature does not cover the body")
			}
		}
		only := logins.next(t)
		if only.name() != "account.user_logged_in" || !only.verify(t, oldSecret) || only.verify(t, newSecret) {
			t.Errorf("%s, %v", only.body, only.header)
		}
		if err := s.Auth.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(all.arrived)+len(logins.arrived) > 0 {
			t.Errorf("%d and %d more requests", len(all.arrived), len(logins.arrived))
		}
	})
}

// An event that the receiver refuses is sent again, with the same id, a new timestamp and
// a new signature.
func TestEventsAreSentAgain(t *testing.T) {
	t.Parallel()
	hook := newReceiver(t)
	s := clienttest.Start(t, to(hook.URL, "account.login_failed"))
	fail := func(code int) {
		t.Helper()
		hook.answers(status(code))
		s.Client(clienttest.App).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400)
	}
	fail(503)
	first := hook.next(t)
	s.Log.Wait(t, "outbox: delivery failed")
	s.Clock.Advance(10 * time.Second)
	fail(200) // which wakes the worker
	for id, d := range hook.take(t, 2) {
		if id == first.id && (d.timestamp == first.timestamp || string(d.body) != string(first.body) || d.header.Get("webhook-signature") == first.header.Get("webhook-signature")) {
			t.Errorf("first %v, then %v", first, d)
		}
	}
	if text := s.Log.Text(); !strings.Contains(text, "status 503") || strings.Contains(text, hook.URL) || strings.Contains(text, oldSecret[:20]) {
		t.Errorf("the log:\n%s", text)
	}
}

// While a receiver fails, its other events wait: they are not tried one after the other.
func TestEventsWaitForAReceiver(t *testing.T) {
	t.Parallel()
	hook := newReceiver(t)
	s := clienttest.Start(t, to(hook.URL, "account.login_failed"), clienttest.Unlimited)
	hook.answers(status(500))
	login := func() {
		t.Helper()
		s.Client(clienttest.App).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400)
	}
	login()
	first := hook.next(t)
	s.Log.Wait(t, "outbox: delivery failed")
	for range 20 {
		login()
	}
	if err := s.Auth.Close(t.Context()); err != nil { // it tries whatever is due
		t.Fatal(err)
	}
	if n := len(hook.arrived); n > 0 {
		t.Errorf("%d more were tried after %s", n, first.id)
	}
}

// A webhook that answers 410 gets an event no more, one that redirects gets it again, and
// the target of the redirect never does.
func TestAnswersOfReceivers(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	elsewhere, hook := newReceiver(t), newReceiver(t)
	s := clienttest.StartOn(t, store, to(hook.URL, "account.login_failed"))
	queued := func(code int) (n int) {
		t.Helper()
		hook.answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "top secret answer") // the client may have left
		})
		s.Client(clienttest.App).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400)
		hook.next(t)
		log := map[bool]string{true: "refused for good", false: "delivery failed"}[code == http.StatusGone]
		s.Log.Wait(t, log)
		// What was refused for good is deleted before it is logged, or right after.
		for range 1000 {
			if err := store.DB.QueryRow("SELECT COUNT(*) FROM allauth_outbox WHERE channel = 'webhook'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			if code != http.StatusGone || n == 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		return n
	}
	if n := queued(http.StatusGone); n != 0 {
		t.Errorf("%d events are queued after 410", n)
	}
	s.Clock.Advance(time.Minute) // the receiver is tried again
	if n := queued(http.StatusTemporaryRedirect); n != 1 {
		t.Errorf("%d events are queued after a redirect", n)
	}
	if len(elsewhere.arrived) > 0 {
		t.Errorf("the redirect was followed")
	}
	if text := s.Log.Text(); strings.Contains(text, "top secret") {
		t.Errorf("the log has the response:\n%s", text)
	}
}

// A receiver that does not answer delays no mail.
func TestAReceiverThatHangs(t *testing.T) {
	t.Parallel()
	hook, goOn := newReceiver(t), make(chan struct{})
	hook.answers(func(http.ResponseWriter, *http.Request) { <-goOn })
	s := clienttest.Start(t, to(hook.URL), clienttest.Unlimited)
	t.Cleanup(func() { close(goOn) }) // before the server is closed, which waits for it
	for i := range 12 {
		email := fmt.Sprintf("user%d@example.org", i)
		s.Client(clienttest.App).Post("auth/signup", body{"email": email, "password": clienttest.Password}).Status(401)
		s.Mail(email)
	}
}

// A webhook that was removed from the configuration receives nothing any more.
func TestARemovedWebhook(t *testing.T) {
	t.Parallel()
	store, removed, other := memstore.New(), newReceiver(t), newReceiver(t)
	removed.answers(status(500))
	s := clienttest.StartOn(t, store, to(removed.URL, "account.login_failed"))
	s.Client(clienttest.App).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400)
	removed.next(t)
	s.Log.Wait(t, "delivery failed")
	s.Stop()
	next := clienttest.StartOn(t, store, to(other.URL, "account.login_failed"))
	next.Clock.Advance(time.Minute)
	next.Client(clienttest.App).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400)
	other.next(t)
	next.Log.Wait(t, "no longer configured")
	if len(removed.arrived) > 0 {
		t.Error("it received an event")
	}
}

// Decoys are queued as often as events, and sent to no webhook.
func TestDecoysAreNotSent(t *testing.T) {
	t.Parallel()
	hook := newReceiver(t)
	s := clienttest.Start(t, to(hook.URL, "account.user_signed_up", "account.code_rejected"), func(cfg *allauth.Config) {
		cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
	})
	s.SignUp(clienttest.App, ann)
	hook.next(t)
	s.Clock.Advance(clienttest.NextCode)
	thief := s.Client(clienttest.App)
	thief.Post("auth/signup", body{"email": ann, "password": clienttest.Password}).Status(401)
	thief.Post("auth/email/verify", body{"key": "BBBB-BBBB"}).Status(400)
	if err := s.Auth.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(hook.arrived) > 0 {
		t.Errorf("it received %s", hook.next(t).body)
	}
}

// An event whose transaction is rolled back is not sent.
func TestARolledBackEventIsNotSent(t *testing.T) {
	t.Parallel()
	store, hook := teststore.OpenFaulty(t), newReceiver(t)
	s := clienttest.StartOn(t, store, to(hook.URL))
	store.Break("COMMIT")
	s.Client(clienttest.App).Post("auth/signup", body{"email": ann, "password": clienttest.Password}).Status(503)
	store.Mend()
	s.SignUp(clienttest.App, bob)
	ids := []string{}
	for _, e := range events(t, s, audit.Filter{}) {
		ids = append(ids, e.ID)
	}
	for id, d := range hook.take(t, len(ids)) {
		if !slices.Contains(ids, id) {
			t.Errorf("it received %s", d.body)
		}
	}
}

func TestConfigOfWebhooks(t *testing.T) {
	t.Parallel()
	good := audit.Webhook{URL: "https://hooks.example.com/?key=k", Secrets: []string{newSecret}}
	with := func(edit func(hook *audit.Webhook)) []audit.Webhook {
		hook := good
		edit(&hook)
		return []audit.Webhook{hook}
	}
	for _, c := range []struct {
		hooks []audit.Webhook
		want  string
	}{
		{with(func(hook *audit.Webhook) { hook.URL = "" }), "Audit.Webhooks[0].URL is not an absolute URL"},
		{with(func(hook *audit.Webhook) { hook.URL = "ftp://hooks.example.com" }), "Audit.Webhooks[0].URL is not an absolute URL"},
		{with(func(hook *audit.Webhook) { hook.URL = "http://hooks.example.com" }), "Audit.Webhooks[0].URL is not encrypted"},
		{with(func(hook *audit.Webhook) { hook.URL = "http://127.0.0.1.example.com" }), "Audit.Webhooks[0].URL is not encrypted"},
		{[]audit.Webhook{good, good}, "Audit.Webhooks[1].URL is that of another webhook"},
		{with(func(hook *audit.Webhook) { hook.Secrets = nil }), "Audit.Webhooks[0].Secrets is empty"},
		{with(func(hook *audit.Webhook) { hook.Secrets = []string{newSecret, newSecret[6:]} }), "Audit.Webhooks[0].Secrets[1] is without the prefix whsec_"},
		{with(func(hook *audit.Webhook) { hook.Secrets = []string{"whsec_###"} }), "Audit.Webhooks[0].Secrets[0] is not in base64"},
		{with(func(hook *audit.Webhook) { hook.Secrets = []string{"whsec_c2hvcnQ="} }), "Audit.Webhooks[0].Secrets[0] is 5 bytes long"},
		{with(func(hook *audit.Webhook) { hook.Events = []string{"account.made_up"} }), `Audit.Webhooks[0].Events holds "account.made_up", which is no event`},
		{[]audit.Webhook{good}, ""},
		{with(func(hook *audit.Webhook) { hook.URL = "http://[::1]:8080/" }), ""},
	} {
		cfg := allauth.Config{BaseURL: "https://app.example.com", Secrets: [][]byte{make([]byte, 32)}, Mailer: &notify.Log{Writer: io.Discard}}
		cfg.Audit = &audit.Config{Webhooks: c.hooks}
		auth, err := allauth.New(cfg, memstore.New())
		if err == nil {
			_ = auth.Close(t.Context()) // nothing is queued
		}
		switch {
		case c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("New: %v, want %q", err, c.want)
		case err != nil && (strings.Contains(err.Error(), "key=k") || strings.Contains(err.Error(), newSecret[10:])):
			t.Errorf("the error has a secret: %v", err)
		}
	}
}
