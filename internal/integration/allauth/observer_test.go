package allauth_test

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// recorder notes the operations that have ended.
type recorder struct {
	mu   sync.Mutex
	open int
	list []string
}

type recorderKey struct{}

func (r *recorder) Begin(ctx context.Context, op authn.Operation) (context.Context, func(outcome string)) {
	within, _ := ctx.Value(recorderKey{}).(string)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open++
	return context.WithValue(ctx, recorderKey{}, op.Kind), func(outcome string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.open--
		r.list = append(r.list, strings.Join([]string{op.Kind, op.Name, op.Client, outcome, within}, "|"))
	}
}

// ended returns the operations that have ended, once all have that began.
func (r *recorder) ended(t *testing.T) []string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		r.mu.Lock()
		open, list := r.open, slices.Clone(r.list)
		r.mu.Unlock()
		if open == 0 {
			return list
		}
	}
	t.Fatal("operations began that do not end")
	return nil
}

// The observer sees each kind of operation, within those that caused it, and nothing
// of the user.
func TestTheObserverSeesOperationsAndNoUsers(t *testing.T) {
	t.Parallel()
	seen := &recorder{}
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "observed.db")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	store := sqlstore.New(db, sqlstore.SQLite, sqlstore.Observe(seen))
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) {
		cfg.Observer = seen
		cfg.RateLimits = map[string]string{"login_failed": "1/m/key"}
	})
	s.SignUp(clienttest.App, "ann@example.org")
	wrong := clienttest.Body{"email": "ann@example.org", "password": "not the password of Ann"}
	c := s.Client(clienttest.Browser)
	c.Get("auth/session")
	c.Post("auth/login", wrong).Status(http.StatusBadRequest)
	c.Post("auth/login", wrong).Status(http.StatusBadRequest)
	r, err := http.NewRequestWithContext(t.Context(), "ANN", s.URL+"/_allauth/app/v1/auth/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()

	list := seen.ended(t)
	for _, want := range []string{
		"endpoint|POST auth/signup|app|401|",
		"endpoint|POST auth/email/verify|app|401|",
		"endpoint|GET auth/session|browser|401|",
		"endpoint|POST auth/login|browser|400|",
		"endpoint|OTHER auth/session|app|405|",
		"hash|hash|||endpoint",
		"hash|verify|||endpoint",
		"limit|login_failed|||endpoint",
		"message|account/email_confirmation_signup|||",
		"statement|begin|||endpoint",
		"statement|commit|||endpoint",
		"statement|claim message|||",
	} {
		if !slices.Contains(list, want) {
			t.Errorf("it has not seen %s", want)
		}
	}
	plain := regexp.MustCompile(`^[a-zA-Z_/ -]*$`)
	names := map[string]bool{}
	for _, line := range list {
		name := strings.Split(line, "|")[1]
		names[name] = true
		if !plain.MatchString(name) || strings.Contains(strings.ToLower(name), "ann") {
			t.Errorf("a name with a value: %s", line)
		}
	}
	if t.Failed() {
		t.Logf("%d names: %v", len(names), names)
	}
}
