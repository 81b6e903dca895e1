package users_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/users"
)

const grace = 14 * 24 * time.Hour

func selfService(cfg *allauth.Config) {
	cfg.Users.DeletionEnabled, cfg.Users.ExportEnabled = true, true
	cfg.CleanInterval = -1 // the tests say when it runs
}

// clean runs a pass of the background.
func (w *world) clean() {
	w.t.Helper()
	w.must(w.Auth.Clean(w.t.Context()))
}

func TestAUserDeletesTheAccount(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		w := start(t, selfService)
		c := w.SignUp(kind, ann)
		id := w.idOf(ann)
		other := w.LogIn(kind, ann)
		c.Get("account/deletion").Status(404)
		c.Delete("account/deletion", nil).Status(404)
		w.Clock.Advance(time.Hour)
		c.Post("account/deletion", nil).Status(401)
		if !slices.Contains(c.Post("account/deletion", nil).Flows(), "reauthenticate") {
			t.Error("an old login is not asked to reauthenticate")
		}
		c.Post("auth/reauthenticate", body{"password": password}).Status(200)
		w.events()
		due := w.Clock.Now().Add(grace)
		if at := c.Post("account/deletion", nil).Status(200).Value("data", "due_at"); at != authn.Seconds(due) {
			t.Errorf("due at %v, want %v", at, authn.Seconds(due))
		}
		w.has("the request", "users.deletion_requested")
		w.mails(ann, "account/deletion_requested")
		ended := map[clienttest.Kind]int{app: 410, clienttest.Browser: 401}[kind]
		c.Get("auth/session").Status(ended)
		other.Get("auth/session").Status(ended)

		// The user logs in again, sees it, and cancels it.
		c = w.LogIn(kind, ann)
		c.Get("account/deletion").Status(200)
		c.Delete("account/deletion", nil).Status(200)
		w.has("the cancellation", "users.deletion_cancelled")
		c.Get("account/deletion").Status(404)
		w.Clock.Advance(grace)
		w.clean()
		w.account(id)

		// Of two requests the first one counts.
		c = w.LogIn(kind, ann)
		c.Post("account/deletion", nil).Status(200)
		w.mails(ann, "account/deletion_requested")
		w.Clock.Advance(grace - time.Second)
		c = w.LogIn(kind, ann)
		c.Post("account/deletion", nil).Status(200)
		w.clean()
		c = w.LogIn(kind, ann)
		w.events()
		w.Clock.Advance(time.Second)
		w.clean()
		w.has("the deletion", "users.deleted")
		w.mails(ann, "account/deleted")
		c.Get("auth/session").Status(ended)
		_, err := w.ByID(t.Context(), id)
		w.refused("a deleted user", err, authn.ErrNotFound)
		w.logIn(ann).Problems("password:email_password_mismatch")
		w.Clock.Advance(clienttest.NextLink)
		w.SignUp(kind, ann)
	})
}

// hooked counts the calls of BeforeDelete, and refuses some.
type hooked struct {
	mu      sync.Mutex
	calls   map[string]int
	refuses string
}

func (h *hooked) before(_ context.Context, u *authn.User) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[u.ID]++
	if u.ID == h.refuses {
		return &authn.Error{Code: "invoices_open"}
	}
	return nil
}

// A deletion that the host refuses is tried again, and does not keep others from being
// deleted. A pass deletes many in batches.
func TestTheHostRefusesADeletion(t *testing.T) {
	t.Parallel()
	hook := &hooked{calls: map[string]int{}}
	w := start(t, selfService, func(cfg *allauth.Config) { cfg.Users.BeforeDelete = hook.before })
	var list []users.Create
	for range 120 {
		list = append(list, users.Create{})
	}
	created, err := w.CreateMany(t.Context(), list)
	w.must(err)
	c := w.SignUp(app, ann)
	hook.refuses = w.idOf(ann)
	c.Post("account/deletion", nil).Status(200)
	w.Clock.Advance(grace)
	w.clean()
	w.clean()
	if hook.calls[hook.refuses] != 2 {
		t.Errorf("%v", hook.calls)
	}
	w.account(hook.refuses)
	w.LogIn(app, ann)
	if got := w.events(); slices.Contains(got, "users.deleted") {
		t.Errorf("a refused deletion published %v", got)
	}
	var refusal *authn.Error
	if err := w.Delete(t.Context(), hook.refuses); !errors.As(err, &refusal) || refusal.Code != "invoices_open" {
		t.Errorf("Delete: %v", err)
	}
	for _, one := range created {
		w.must(w.Delete(t.Context(), one.ID))
	}
	w.must(w.Delete(t.Context(), created[0].ID)) // there is nothing to delete
	if hook.calls[created[0].ID] != 1 || hook.calls[created[119].ID] != 1 {
		t.Errorf("%v", hook.calls)
	}
	hook.refuses = ""
	w.clean()
	_, err = w.ByEmail(t.Context(), ann)
	w.refused("a deleted user", err, authn.ErrNotFound)
}

// Of many passes at the same time one deletes the account.
func TestADeletionHappensOnce(t *testing.T) {
	t.Parallel()
	hook := &hooked{calls: map[string]int{}}
	w := start(t, selfService, func(cfg *allauth.Config) { cfg.Users.BeforeDelete = hook.before })
	c := w.SignUp(app, ann)
	id := w.idOf(ann)
	c.Post("account/deletion", nil).Status(200)
	w.mails(ann, "account/deletion_requested")
	w.Clock.Advance(grace)
	w.events()
	clienttest.Parallel(8, func(int) { _ = w.Auth.Clean(context.Background()) })
	w.clean()
	if got := w.events(); !slices.Equal(got, []string{"users.deleted"}) || hook.calls[id] == 0 {
		t.Errorf("published %v after %v calls", got, hook.calls)
	}
	w.mails(ann, "account/deleted")
	if left := w.Mails(ann); len(left) > 0 {
		t.Errorf("mails %v", left)
	}
}

func TestAUserExportsTheAccount(t *testing.T) {
	t.Parallel()
	w := start(t, selfService)
	c := w.SignUp(clienttest.Browser, ann)
	id := w.idOf(ann)
	w.must(w.AddEmail(t.Context(), id, "second@example.org", true))
	w.events()
	text := c.Get("account/export").Status(200).Text
	w.has("the export", "users.exported")
	for _, want := range []string{`"id":"` + id + `"`, ann, "second@example.org", `"sessions":[{`, `"has_password":true`, `"authenticators":[]`} {
		if !strings.Contains(text, want) {
			t.Errorf("the export lacks %s: %s", want, text)
		}
	}
	for _, secret := range []string{"argon2", "token", "hash"} {
		if strings.Contains(text, secret) {
			t.Errorf("the export has %s: %s", secret, text)
		}
	}
	document, err := w.Export(t.Context(), id)
	if err != nil || !strings.Contains(string(document), "second@example.org") {
		t.Errorf("%s, %v", document, err)
	}
	_, err = w.Export(t.Context(), "1")
	w.refused("a missing user", err, authn.ErrNotFound)
	w.Clock.Advance(time.Hour)
	c.Get("account/export").Status(401)
}

// Without a setting there are no such endpoints.
func TestSelfServiceIsOff(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.SignUp(app, ann)
	for _, path := range []string{"account/deletion", "account/export"} {
		c.Get(path).Status(404)
	}
	c.Post("account/deletion", nil).Status(404)
	w.Client(app).Post("auth/invitation", body{"key": "x"}).Status(404)
	id := w.idOf(ann)
	_, err := w.Deletion(t.Context(), id)
	w.refused("Deletion", err, authn.ErrNotFound)
	w.refused("CancelDeletion", w.CancelDeletion(t.Context(), id), authn.ErrNotFound)
}
