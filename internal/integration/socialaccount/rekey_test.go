package socialaccount_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage"
)

// shown is the transport of a provider of the catalogue: it returns a token, and
// the profile that the test shows next.
type shown struct {
	mu      sync.Mutex
	profile string
}

func (s *shown) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.profile
	if strings.Contains(r.URL.Path, "token") {
		text = `{"access_token":"at","refresh_token":"rt","token_type":"bearer","expires_in":3600}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}

// startCatalogue starts a server that logs in by a provider of the catalogue.
func startCatalogue(t *testing.T, store storage.Store, registration provider.App, edit ...func(*allauth.Config)) (*world, *shown) {
	t.Helper()
	s := &shown{}
	registration.ClientID, registration.ClientSecret = "client", "secret"
	return startOn(t, store, append([]func(*allauth.Config){func(cfg *allauth.Config) {
		p, err := provider.New(registration, provider.Deps{Transport: s, Now: cfg.Now})
		if err != nil {
			t.Fatal(err)
		}
		cfg.SocialAccount.Custom = append(cfg.SocialAccount.Custom, p)
	}}, edit...)...), s
}

// arrive logs in a browser whose user has the profile at the provider, and
// returns the page that it lands on.
func (w *world) arrive(c *clienttest.Client, s *shown, providerID, profile string) string {
	w.t.Helper()
	u, err := url.Parse(w.begin(c, providerID, "login", "/done"))
	if err != nil {
		w.t.Fatal(err)
	}
	s.mu.Lock()
	s.profile = profile
	s.mu.Unlock()
	query := url.Values{"code": {"the-code"}, "state": {u.Query().Get("state")}}
	return w.comeBack(c, u.Query().Get("redirect_uri")+"?"+query.Encode())
}

// userOf logs in and returns the user's id.
func (w *world) userOf(s *shown, providerID, profile string) string {
	w.t.Helper()
	c := w.Client(browser)
	if where := w.arrive(c, s, providerID, profile); where != "/done" {
		w.t.Fatalf("lands at %s", where)
	}
	id, _ := c.Get("auth/session").Status(200).Value("data", "user", "id").(float64)
	return strconv.FormatFloat(id, 'f', -1, 64)
}

// userWith makes a user whose account at the provider was stored before.
func (w *world) userWith(store storage.Store, username, providerID, uid, profile string) string {
	w.t.Helper()
	user, err := clienttest.Create(context.Background(), w.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Username: username}})
	if err != nil {
		w.t.Fatal(err)
	}
	now := w.Clock.Now()
	err = store.CreateSocialAccount(context.Background(), socialaccount.Account{
		UserID: user.ID, Provider: providerID, UID: uid, ExtraData: []byte(profile), CreatedAt: now, LastLogin: now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return user.ID
}

// withUsernames makes accounts that have a username and need no address.
func withUsernames(cfg *allauth.Config) {
	cfg.Account.SignupFields = []string{"username*", "email", "password1*"}
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername, account.LoginByEmail}
	cfg.Account.EmailVerification = authn.VerificationNone
}

func tumblr(name, uuid string) string {
	return `{"meta":{"status":200},"response":{"user":{"name":"` + name + `","blogs":[{"name":"fans","uuid":"t:fans"},{"name":"` + name + `","uuid":"` + uuid + `","primary":true}]}}}`
}

// changesHands lets a user log in, take another name, and another user take the
// first one. profile returns a profile with a name and an id.
func changesHands(t *testing.T, providerID string, profile func(name, id string) string) {
	t.Helper()
	w, s := startCatalogue(t, clienttest.Open(t), provider.App{Provider: providerID}, withUsernames)
	ann := w.userOf(s, providerID, profile("annie", "1"))
	if again := w.userOf(s, providerID, profile("ann-example", "1")); again != ann {
		t.Errorf("%s: the owner logs in as %s under another name, want %s", providerID, again, ann)
	}
	if mallory := w.userOf(s, providerID, profile("annie", "2")); mallory == ann {
		t.Errorf("%s: the name logs in", providerID)
	}
}

// Two users of Bitbucket or Pinterest who have a name one after the other are two
// accounts.
func TestNotice65196NamesHandOverNoAccount(t *testing.T) {
	t.Parallel()
	changesHands(t, "bitbucket_oauth2", func(name, id string) string {
		return `{"username":"` + name + `","account_id":"557058:` + id + `","uuid":"{` + id + `}"}`
	})
	changesHands(t, "pinterest", func(name, id string) string { return `{"username":"` + name + `","id":"` + id + `"}` })
}

// Two blogs that have a name one after the other are two accounts.
func TestNotice65197ABlogNameHandsOverNoAccount(t *testing.T) {
	t.Parallel()
	changesHands(t, "tumblr_oauth2", tumblr)
}

// Accounts that an earlier version stored under a name belong to the user whose
// id the stored profile has, not to the one who has the name.
func TestAccountsUnderANameAreThoseOfTheStoredID(t *testing.T) {
	t.Parallel()
	for name, profile := range map[string]string{"ours": tumblr("annie", "t:ann"), "Django's": `{"name":"annie","blogs":[{"uuid":"t:ann","primary":true}]}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := clienttest.Open(t)
			w, s := startCatalogue(t, store, provider.App{Provider: "tumblr_oauth2"}, withUsernames)
			ann := w.userWith(store, "ann", "tumblr_oauth2", "annie", profile)
			if mallory := w.userOf(s, "tumblr_oauth2", tumblr("annie", "t:mallory")); mallory == ann {
				t.Fatal("the name logs in")
			}
			if got := w.userOf(s, "tumblr_oauth2", tumblr("annie", "t:ann")); got != ann {
				t.Fatalf("the owner logs in as %s, want %s", got, ann)
			}
			want(t, authn.ErrNotFound, second(store.SocialAccount(t.Context(), "tumblr_oauth2", "annie")))
			if got := w.userOf(s, "tumblr_oauth2", tumblr("renamed", "t:ann")); got != ann {
				t.Fatalf("the owner logs in as %s after the blog was renamed, want %s", got, ann)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// The id that Bitbucket had before never changes hands, so the account is the
// user's whatever its profile has. A name is not enough.
func TestBitbucketAccountsAreFoundByTheirOldID(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	w, s := startCatalogue(t, store, provider.App{Provider: "bitbucket_oauth2"}, withUsernames)
	profile := func(name string) string {
		return `{"account_id":"557058:` + name + `","uuid":"{` + name + `}","username":"` + name + `-bb"}`
	}
	ann := w.userWith(store, "ann", "bitbucket_oauth2", "{ann}", `{}`)
	bob := w.userWith(store, "bob", "bitbucket_oauth2", "bob-bb", profile("bob"))
	eve := w.userWith(store, "eve", "bitbucket_oauth2", "eve-bb", `{}`)
	for name, want := range map[string]string{"ann": ann, "bob": bob} {
		for range 2 {
			if got := w.userOf(s, "bitbucket_oauth2", profile(name)); got != want {
				t.Errorf("%s logs in as %s, want %s", name, got, want)
			}
		}
	}
	if got := w.userOf(s, "bitbucket_oauth2", profile("eve")); got == eve {
		t.Error("the name logs in")
	}
}

// The account of a user whose name is the id of another user does not log that
// user in.
func TestANameIsNotTakenForAnID(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	w, s := startCatalogue(t, store, provider.App{Provider: "reddit"}, withUsernames)
	ann := w.userWith(store, "ann", "reddit", "5bhn2", `{"id":"1a","name":"5bhn2"}`)
	bob := `{"id":"5bhn2","name":"bob"}`
	c := w.Client(browser)
	if where, want := w.arrive(c, s, "reddit", bob), failed("/done", "unknown", "login"); where != want {
		t.Fatalf("lands at %s, want %s", where, want)
	}
	w.rekey(t, nil)
	if got := w.userOf(s, "reddit", bob); got == ann {
		t.Error("the name logs in")
	}
	if got := w.userOf(s, "reddit", `{"id":"1a","name":"ann"}`); got != ann {
		t.Errorf("ann logs in as %s, want %s", got, ann)
	}
}

// rekey moves the accounts and compares those that are left.
func (w *world) rekey(t *testing.T, want []string) {
	t.Helper()
	left, err := w.Auth.RekeySocialAccounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range left {
		got = append(got, a.UID)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("left are %v, want %v", got, want)
	}
}

// After a blog was renamed its account is found once the operator has moved it.
// What cannot be moved is listed, as often as one asks.
func TestRekeySocialAccounts(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	w, s := startCatalogue(t, store, provider.App{Provider: "tumblr_oauth2"}, withUsernames)
	ann := w.userWith(store, "ann", "tumblr_oauth2", "annie", tumblr("annie", "t:ann"))
	w.userWith(store, "bob", "tumblr_oauth2", "bobby", `{}`)
	w.userWith(store, "eve", "tumblr_oauth2", "evie", tumblr("evie", "t:eve"))
	w.userOf(s, "tumblr_oauth2", tumblr("moved", "t:eve")) // a second account of hers
	for range 2 {
		w.rekey(t, []string{"bobby", "evie"})
	}
	if got := w.userOf(s, "tumblr_oauth2", tumblr("renamed", "t:ann")); got != ann {
		t.Errorf("ann logs in as %s, want %s", got, ann)
	}
}

// The id of an account can be the name of another one. Both are moved, whichever
// comes first.
func TestRekeySocialAccountsWhoseIDsAreNames(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	w, s := startCatalogue(t, store, provider.App{Provider: "reddit"}, withUsernames)
	ann := w.userWith(store, "ann", "reddit", "a", `{"id":"m","name":"a"}`)
	bob := w.userWith(store, "bob", "reddit", "m", `{"id":"z","name":"m"}`)
	eve := w.userWith(store, "eve", "reddit", "z", `{"id":"1","name":"z"}`)
	w.rekey(t, nil)
	for id, want := range map[string]string{"m": ann, "z": bob, "1": eve} {
		if got := w.userOf(s, "reddit", `{"id":"`+id+`","name":"another"}`); got != want {
			t.Errorf("%s logs in as %s, want %s", id, got, want)
		}
	}
}

// The token of an account is bound to its id, and moves with it.
func TestATokenMovesWithItsAccount(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	keep := withSocial(func(cfg *socialaccount.Config) { cfg.StoreTokens = true })
	before, s := startCatalogue(t, store, provider.App{Provider: "bitbucket_oauth2", Settings: provider.Settings{UIDField: "uuid"}}, withUsernames, keep)
	profile := `{"account_id":"557058:ann","uuid":"{ann}","username":"ann"}`
	ann := before.userOf(s, "bitbucket_oauth2", profile)
	after, _ := startCatalogue(t, store, provider.App{Provider: "bitbucket_oauth2"}, withUsernames, keep)
	after.rekey(t, nil)
	source, err := after.Auth.ProviderToken(t.Context(), ann, "bitbucket_oauth2")
	if err != nil {
		t.Fatal(err)
	}
	if token, err := source.Token(); err != nil || token.AccessToken != "at" || token.RefreshToken != "rt" {
		t.Errorf("token %v, %v", token, err)
	}
}
