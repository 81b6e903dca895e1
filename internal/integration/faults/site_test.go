package faults_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/internal/integration/softkey"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/storage"
)

type body = clienttest.Body

const (
	app      = clienttest.App
	browser  = clienttest.Browser
	password = clienttest.Password
)

// site is a server with a store that a test makes fail.
type site struct {
	*clienttest.Server
	t      *testing.T
	store  *teststore.Faulty
	opened storage.Store // what the server works with
	limits *sql.DB       // where attempts are counted
	op     *demoprovider.Provider

	mu     sync.Mutex
	events []string
}

// startSite starts a server. parts are kept outside of its transactions.
func startSite(t *testing.T, parts storage.Parts, edit ...func(s *site, cfg *allauth.Config)) *site {
	t.Helper()
	return startSiteOn(t, func(s *site) storage.Store { return storage.Compose(s.store, parts) }, edit...)
}

// startSiteOn is startSite with a store that open makes of the faulty one.
func startSiteOn(t *testing.T, open func(s *site) storage.Store, edit ...func(s *site, cfg *allauth.Config)) *site {
	t.Helper()
	s := &site{t: t, store: teststore.OpenFaulty(t)}
	s.limits = s.store.DB
	s.opened = open(s)
	s.Server = clienttest.StartOn(t, s.opened, func(cfg *allauth.Config) {
		cfg.Audit = &audit.Config{}
		cfg.OnEvent = func(_ context.Context, e authn.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e.Name)
		}
		for _, change := range edit {
			change(s, cfg)
		}
	})
	s.Handler = faultyHandler(s.Auth)
	return s
}

// The headers that name the statement at which a request meets a fault.
const (
	collideHeader = "Test-Collide-At"
	failHeader    = "Test-Fail-At"
)

// faultyHandler makes a request meet the faults that its headers name.
func faultyHandler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for header, at := range map[string]func(ctx context.Context, n int) (context.Context, *teststore.Fault){
			collideHeader: teststore.CollideAt, failHeader: teststore.FailAt,
		} {
			n, err := strconv.Atoi(r.Header.Get(header))
			if err != nil {
				continue
			}
			ctx, fault := at(r.Context(), n)
			r = r.WithContext(ctx)
			w.Header().Add("Trailer", header)
			defer func() { w.Header().Set(header, strconv.FormatBool(fault.Happened())) }()
		}
		next.ServeHTTP(w, r)
	})
}

// member creates a user with Password and a verified address.
func (s *site) member(email string) {
	s.t.Helper()
	user, err := clienttest.Create(s.t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: email}, EmailVerified: true})
	if err == nil {
		err = s.Auth.Users().SetPassword(s.t.Context(), user.ID, password)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// loggedIn creates a user and returns a client in which they are logged in.
func (s *site) loggedIn(kind clienttest.Kind, email string) *clienttest.Client {
	s.t.Helper()
	s.member(email)
	return s.LogIn(kind, email)
}

// withTOTP creates a user with an authenticator app, and returns a client and the
// secret of the app.
func (s *site) withTOTP(email string) (*clienttest.Client, string) {
	s.t.Helper()
	c := s.loggedIn(app, email)
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	c.Post("account/authenticators/totp", body{"code": s.totp(secret)}).Status(200)
	s.Clock.Advance(30 * time.Second)
	return c, secret
}

func (s *site) totp(secret string) string {
	s.t.Helper()
	code, err := totp.GenerateCode(secret, s.Clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

const passkeyPath = "auth/webauthn/login"

// withPasskey creates a user with a passkey.
func (s *site) withPasskey(email string) *softkey.Key {
	s.t.Helper()
	const path = "account/authenticators/webauthn"
	c, key := s.loggedIn(app, email), softkey.New(s.Config.BaseURL)
	options := c.Get(path+"?passwordless").Status(200).Value("data", "creation_options")
	c.Post(path, body{"credential": key.Create(s.t, options)}).Status(200)
	s.MailOf("mfa/webauthn_added", email)
	return key
}

// awaitingEnrolment returns a client whose login waits until the user adds a second factor.
func (s *site) awaitingEnrolment(email string) *clienttest.Client {
	s.t.Helper()
	s.member(email)
	c := s.Client(app)
	c.Post("auth/login", body{"email": email, "password": password}).Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", email).Code()}).Status(401).Pending("mfa_enroll")
	return c
}

// awaitingFactor returns a client whose login waits for the second factor.
func (s *site) awaitingFactor(email string) *clienttest.Client {
	s.t.Helper()
	c := s.Client(app)
	c.Post("auth/login", body{"email": email, "password": password}).Status(401).Pending("mfa_authenticate")
	return c
}

// givesAddress returns a client whose login waits for the verification of the
// right address, before the second factor. The address of the account is
// unverified.
func (s *site) givesAddress(wrong, right string) *clienttest.Client {
	s.t.Helper()
	s.withTOTP(wrong)
	rows, err := s.opened.EmailsByAddress(s.t.Context(), wrong)
	if err == nil {
		err = s.opened.DeleteEmail(s.t.Context(), rows[0].UserID, wrong)
	}
	if err == nil {
		rows[0].Verified = false
		err = s.opened.AddEmail(s.t.Context(), rows[0], false)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	c := s.Client(app)
	c.Post("auth/login", body{"email": wrong, "password": password}).Status(401).Pending("verify_email")
	c.Post("account/email", body{"email": right}).Status(200)
	return c
}

// takeEvents returns the names of the published events, and removes them.
func (s *site) takeEvents() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.events
	s.events = nil
	return events
}

// takeKept returns the names of the events in the database, and deletes them.
func (s *site) takeKept() []string {
	s.t.Helper()
	rows, err := s.store.AuditEvents(s.t.Context(), audit.Filter{Limit: 100})
	if err == nil {
		_, err = s.store.DB.ExecContext(s.t.Context(), "DELETE FROM allauth_audit_events")
	}
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, row := range rows {
		names = append(names, row.Name)
	}
	slices.Sort(names)
	return names
}

// takeMessages waits until the outbox is empty, and returns the sent messages.
func (s *site) takeMessages() []string {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		var waiting int
		if err := s.store.DB.QueryRowContext(s.t.Context(), "SELECT COUNT(*) FROM allauth_outbox").Scan(&waiting); err != nil {
			s.t.Fatal(err)
		}
		if waiting == 0 {
			break
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d messages are not delivered", waiting)
		}
	}
	var sent []string
	for _, m := range s.AllMails() {
		s.MailOf(m.Kind, m.To)
		sent = append(sent, m.Kind)
	}
	for _, m := range s.AllTexts() {
		s.Text(m.To)
		sent = append(sent, "text of "+m.Kind)
	}
	slices.Sort(sent)
	return sent
}

// charges counts the attempts under each kind of counter.
func (s *site) charges() map[string]int {
	s.t.Helper()
	rows, err := s.limits.QueryContext(s.t.Context(), "SELECT id, hits FROM allauth_rate_limits")
	if err != nil {
		s.t.Fatal(err)
	}
	counted := map[string]int{}
	for rows.Next() {
		var key, text string
		var hits []any
		if err := rows.Scan(&key, &text); err != nil {
			s.t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(text), &hits); err != nil {
			s.t.Fatal(err)
		}
		kind := key[:strings.LastIndexByte(key, ':')]
		counted[kind] += len(hits)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return counted
}

// outcome is the result of a request, for the client and in the stores.
type outcome struct {
	status                   int
	flows                    []string
	charged, sent, published []string
	kept                     []string // sorted
	session                  int
	sessionFlows             []string
}

func (o outcome) String() string {
	return fmt.Sprintf("status %d, flows %v\ncharged %v\nsent %v\npublished %v\nkept %v\nsession %d, flows %v",
		o.status, o.flows, o.charged, o.sent, o.published, o.kept, o.session, o.sessionFlows)
}

// outcome sends a request and returns its result.
func (s *site) outcome(c *clienttest.Client, send func() *clienttest.Answer) outcome {
	s.t.Helper()
	s.takeMessages()
	s.takeEvents()
	s.takeKept()
	before := s.charges()
	answer := send()
	o := outcome{status: answer.StatusCode, flows: answer.Flows(), sent: s.takeMessages(), published: s.takeEvents(), kept: s.takeKept()}
	for kind, n := range s.charges() {
		if n != before[kind] {
			o.charged = append(o.charged, fmt.Sprint(kind, "+", n-before[kind]))
		}
	}
	slices.Sort(o.charged)
	session := c.Get("auth/session")
	o.session, o.sessionFlows = session.StatusCode, session.Flows()
	return o
}
