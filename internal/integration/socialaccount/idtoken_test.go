package socialaccount_test

import (
	"database/sql"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

const tenYears = 10 * 365 * 24 * time.Hour

// plainToken returns an ID token without jti and nonce, as the SDKs of Google and
// Flutter cache for an hour. edit changes its claims.
func (w *world) plainToken(edit map[string]any) string {
	w.t.Helper()
	now := w.Clock.Now()
	all := claims("ann", "ann@example.org")
	maps.Copy(all, map[string]any{"iss": w.op.Issuer(), "aud": "op", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	maps.Copy(all, edit)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	token, err := w.op.Sign(map[string]any{"alg": "RS256", "kid": "demo"}, all)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// show posts an ID token from a new client.
func (w *world) show(process, token string) *clienttest.Answer {
	w.t.Helper()
	return w.postToken(w.Client(app), process, "op", "op", token)
}

// timeClaims are the time claims of accepted and refused tokens.
func timeClaims(now time.Time) map[string]struct {
	claims map[string]any
	good   bool
} {
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	return map[string]struct {
		claims map[string]any
		good   bool
	}{
		"issued almost an hour ago": {map[string]any{"iat": at(-59 * time.Minute)}, true},
		"issued over an hour ago":   {map[string]any{"iat": at(-62 * time.Minute)}, false},
		"issued a year ago":         {map[string]any{"iat": at(-tenYears / 10), "exp": at(tenYears)}, false},
		"issued soon":               {map[string]any{"iat": at(30 * time.Second)}, true},
		"issued in two minutes":     {map[string]any{"iat": at(2 * time.Minute)}, false},
		"issued in milliseconds":    {map[string]any{"iat": now.UnixMilli()}, false},
		"issued at no time":         {map[string]any{"iat": nil}, false},
		"issued at zero":            {map[string]any{"iat": 0}, false},
		"issued at a text":          {map[string]any{"iat": now.Format(time.RFC3339)}, false},
		"issued beyond time":        {map[string]any{"iat": 1e300}, false},
		"issued before time":        {map[string]any{"iat": -1e300}, false},
		"ends in ten years":         {map[string]any{"exp": at(tenYears)}, true},
		"ended":                     {map[string]any{"exp": at(-2 * time.Minute)}, false},
		"never ends":                {map[string]any{"exp": nil}, false},
		"ends beyond time":          {map[string]any{"exp": 1e300}, false},
		"begins later":              {map[string]any{"nbf": at(2 * time.Minute)}, false},
		"begins beyond time":        {map[string]any{"nbf": 1e300}, false},
	}
}

func TestTimesOfAnIDTokenThatAnAppShows(t *testing.T) {
	t.Parallel()
	w := start(t)
	for name, test := range timeClaims(w.Clock.Now()) {
		t.Run(name, func(t *testing.T) {
			email := strings.ReplaceAll(name, " ", "-") + "@example.org"
			edit := map[string]any{"sub": name, "email": email}
			maps.Copy(edit, test.claims)
			if test.good {
				w.show("login", w.plainToken(edit)).LoggedIn(email)
				return
			}
			c := w.Client(app)
			w.postToken(c, "login", "op", "op", w.plainToken(edit)).Problems("token:invalid_token")
			loggedOut(t, c)
			member := w.owner("member-" + email)
			w.postToken(member, "connect", "op", "op", w.plainToken(edit)).Problems("token:invalid_token")
			if connected := uids(member); len(connected) > 0 {
				t.Errorf("connected %v", connected)
			}
		})
	}
}

func TestTimesOfAnIDTokenInTheRedirectFlow(t *testing.T) {
	t.Parallel()
	w := start(t)
	for name, test := range timeClaims(w.Clock.Now()) {
		t.Run(name, func(t *testing.T) {
			w.editID = func(c map[string]any) { maps.Copy(c, test.claims) }
			want := map[bool]string{true: "/done", false: failed("/done", "unknown", "login")}[test.good]
			if where := w.through(w.Client(browser), "login", userForm(name, strings.ReplaceAll(name, " ", "-")+"@example.org")); where != want {
				t.Errorf("lands at %s, want %s", where, want)
			}
		})
	}
}

// A token that was issued for ten years can log in for an hour, any number of
// times.
func TestAnIDTokenLogsInForAnHour(t *testing.T) {
	t.Parallel()
	w := start(t)
	token := w.plainToken(map[string]any{"exp": w.Clock.Now().Add(tenYears).Unix()})
	for range 4 {
		w.show("login", token).LoggedIn("ann@example.org")
		if err := w.Auth.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(20 * time.Minute)
	}
	w.Clock.Advance(-18 * time.Minute)
	w.show("login", token).Problems("token:invalid_token")
	w.Clock.Advance(tenYears / 2)
	w.show("login", token).Problems("token:invalid_token")
}

// A token with a jti or a nonce, and any token with SingleUseIDTokens, can log in
// once, however long it is valid and even after Clean.
func TestAnIDTokenOfASingleUse(t *testing.T) {
	t.Parallel()
	always := withSocial(func(cfg *socialaccount.Config) { cfg.SingleUseIDTokens = true })
	for name, test := range map[string]struct {
		edit   func(cfg *allauth.Config)
		claims map[string]any
		once   bool
	}{
		"id":            {nil, map[string]any{"jti": "1"}, true},
		"id, a number":  {nil, map[string]any{"jti": 17}, true},
		"nonce":         {nil, map[string]any{"nonce": "n"}, true},
		"both":          {nil, map[string]any{"jti": "1", "nonce": "n"}, true},
		"neither":       {nil, nil, false},
		"empty":         {nil, map[string]any{"jti": "", "nonce": ""}, false},
		"setting":       {always, nil, true},
		"setting, id":   {always, map[string]any{"jti": "1"}, true},
		"for ten years": {nil, map[string]any{"jti": "1", "exp": time.Now().Add(tenYears).Unix()}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var edits []func(cfg *allauth.Config)
			if test.edit != nil {
				edits = append(edits, test.edit)
			}
			w := start(t, edits...)
			token := w.plainToken(test.claims)
			w.show("login", token).LoggedIn("ann@example.org")
			for range 6 {
				if err := w.Auth.Clean(t.Context()); err != nil {
					t.Fatal(err)
				}
				c := w.Client(app)
				answer := w.postToken(c, "login", "op", "op", token)
				if !test.once {
					answer.LoggedIn("ann@example.org")
				} else {
					answer.Problems("token:invalid_token")
					loggedOut(t, c)
				}
				w.Clock.Advance(11*time.Minute + 30*time.Second)
			}
		})
	}
}

// The same token in another spelling is the same token.
func TestAnIDTokenIsUsedOnceInAnySpelling(t *testing.T) {
	t.Parallel()
	w := start(t)
	token := w.plainToken(map[string]any{"jti": "1"})
	first, rest, _ := strings.Cut(token, ".")
	w.show("login", token).LoggedIn("ann@example.org")
	for name, spelled := range map[string]string{
		"blank before":    " " + token,
		"blank behind":    token + " ",
		"line end":        token + "\n",
		"line end inside": first[:3] + "\r\n" + first[3:] + "." + rest,
		"before the dot":  first + "\n." + rest,
		"blank inside":    first[:3] + " " + first[3:] + "." + rest,
		"padded":          first + "==." + rest,
		"signature":       token + "=",
		"tab":             first + ".\t" + rest,
		"no-break space":  first + ".\u00a0" + rest,
	} {
		t.Run(name, func(t *testing.T) {
			c := w.Client(app)
			w.postToken(c, "login", "op", "op", spelled).Problems("token:invalid_token")
			loggedOut(t, c)
		})
	}
}

// An SDK returns its token again when the app connects it, or tries once more.
func TestAnIDTokenConnectsAgain(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.owner("ann@example.org")
	plain := w.plainToken(map[string]any{"email": nil})
	w.postToken(c, "connect", "op", "op", plain).LoggedIn("ann@example.org")
	w.postToken(c, "connect", "op", "op", plain).LoggedIn("ann@example.org")
	other := w.owner("bob@example.org")
	w.postToken(other, "connect", "op", "op", plain).Problems("connected_other")

	single := w.plainToken(map[string]any{"sub": "carol", "email": nil, "jti": "1"})
	w.postToken(c, "connect", "op", "op", single).LoggedIn("ann@example.org")
	w.postToken(c, "connect", "op", "op", single).Problems("token:invalid_token")
	w.postToken(other, "connect", "op", "op", single).Problems("token:invalid_token")
	w.show("login", single).Problems("token:invalid_token")
}

// Only the first use of a token is a reauthentication: a cached token only shows
// that the app has logged in before.
func TestAnIDTokenReauthenticatesOnce(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		w := start(t, func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{} })
		const ann = "ann@example.org"
		c := w.Client(kind)
		cached := w.plainToken(nil)
		w.postToken(c, "login", "op", "op", cached).LoggedIn(ann)
		secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
		w.Clock.Advance(time.Minute)
		code, err := totp.GenerateCode(secret, w.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		c.Post("account/authenticators/totp", body{"code": code}).Status(200)
		stale := func() bool { return c.Get("account/authenticators/recovery-codes").StatusCode == 401 }

		w.Clock.Advance(10 * time.Minute)
		if !stale() {
			t.Fatal("the last proof is still recent")
		}
		answer := w.postToken(c, "login", "op", "op", cached).LoggedIn(ann)
		if methods, _ := answer.Value("data", "methods").([]any); len(methods) != 1 {
			t.Errorf("methods %v", methods)
		}
		if !stale() {
			t.Error("a token that was shown before counts as a new proof")
		}
		answer = w.postToken(c, "login", "op", "op", w.plainToken(nil)).LoggedIn(ann)
		if methods, _ := answer.Value("data", "methods").([]any); len(methods) != 2 {
			t.Errorf("methods %v", methods)
		}
		if stale() {
			t.Error("a new token counts as no proof")
		}
	})
}

// The token of a redirect is refused from an app.
func TestAnIDTokenOfARedirectIsUsed(t *testing.T) {
	t.Parallel()
	w := start(t)
	var told map[string]any
	w.editID = func(c map[string]any) {
		now := w.Clock.Now()
		maps.Copy(c, map[string]any{"iss": w.op.Issuer(), "aud": "op", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": nil})
		told = maps.Clone(c)
	}
	if where := w.through(w.Client(browser), "login", userForm("Ann", "ann@example.org")); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	if told["nonce"] == nil {
		t.Fatalf("no nonce in %v", told)
	}
	again := func() string {
		token, err := w.op.Sign(map[string]any{"alg": "RS256", "typ": "JWT", "kid": "demo"}, told)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	c := w.Client(app)
	w.postToken(c, "login", "op", "op", again()).Problems("token:invalid_token")
	loggedOut(t, c)
	told["nonce"] = "another one" // so that nothing else is wrong
	w.show("login", again()).LoggedIn("ann@example.org")
}

// Of concurrent uses of a single-use token one logs in.
func TestParallelUsesOfOneIDToken(t *testing.T) {
	t.Parallel()
	everyStore(t, func(t *testing.T, store storage.Store) {
		for name, single := range map[string]bool{"id": false, "setting": true} {
			w := startOn(t, store, withSocial(func(cfg *socialaccount.Config) { cfg.SingleUseIDTokens = single }))
			email := name + "@example.org"
			edit := map[string]any{"sub": name, "email": email}
			if !single {
				edit["jti"] = "1"
			}
			w.show("login", w.plainToken(map[string]any{"sub": name, "email": email, "jti": "0"})).LoggedIn(email)
			token := w.plainToken(edit)
			clients := make([]*clienttest.Client, 32)
			for i := range clients {
				clients[i] = w.Client(app)
			}
			var in atomic.Int64
			clienttest.Parallel(len(clients), func(i int) {
				if w.postToken(clients[i], "login", "op", "op", token).StatusCode == 200 {
					in.Add(1)
				}
			})
			if in.Load() != 1 {
				t.Errorf("%s: %d are logged in, want one", name, in.Load())
			}
		}
	})
}

// A replay is logged as a replay, and errors of clients are not logged as errors
// of the server.
func TestAReplayedIDTokenIsLoggedAsOne(t *testing.T) {
	t.Parallel()
	w := start(t)
	token := w.plainToken(map[string]any{"jti": "1"})
	w.show("login", token).LoggedIn("ann@example.org")
	thief := w.Client(app)
	w.postToken(thief, "login", "op", "op", token).Problems("token:invalid_token")
	for _, text := range []string{"level=WARN", "replay", "provider=op", thief.Address.String()} {
		if !w.Log.Contains(text) {
			t.Errorf("the log does not say %q", text)
		}
	}
	for _, part := range strings.Split(token, ".") {
		if w.Log.Contains(part) {
			t.Error("the log holds a part of the token")
		}
	}
	w.Client(app).Post("auth/provider/token", body{
		"provider": "op", "process": "login", "token": body{"client_id": "op", "access_token": "x"},
	}).Problems("token:invalid_token")
	w.show("login", "x.y.z").Problems("token:invalid_token")
	w.show("login", w.plainToken(map[string]any{"iat": 1})).Problems("token:invalid_token")
	if w.Log.Contains("level=ERROR") {
		t.Error("what clients did is logged as an error of ours")
	}
}

// ownTokens is a provider of the host that verifies all ID tokens and access
// tokens.
type ownTokens struct{ redirectOnly }

func (ownTokens) Info() provider.Info {
	return provider.Info{ID: "own", Class: "own", Name: "Own", Token: true}
}

func (ownTokens) VerifyToken(_ ctx, t provider.Tokens) (*identity, error) {
	return &identity{UID: "ann", Emails: []provider.Email{{Address: "ann@example.org", Verified: true}}}, nil
}

// The rules apply to providers of the host, too.
func TestIDTokensOfCustomProviders(t *testing.T) {
	t.Parallel()
	w := start(t, withSocial(func(cfg *socialaccount.Config) { cfg.Custom = append(cfg.Custom, ownTokens{}) }))
	show := func(tokens body) *clienttest.Answer {
		return w.Client(app).Post("auth/provider/token", body{"provider": "own", "process": "login", "token": tokens})
	}
	show(body{"id_token": w.plainToken(map[string]any{"iat": w.Clock.Now().Add(-2 * time.Hour).Unix()})}).Problems("token:invalid_token")
	show(body{"id_token": w.plainToken(map[string]any{"iat": nil})}).Problems("token:invalid_token")
	single := w.plainToken(map[string]any{"jti": "1"})
	show(body{"id_token": single}).LoggedIn("ann@example.org")
	show(body{"id_token": single}).Problems("token:invalid_token")
	for range 2 {
		show(body{"id_token": w.plainToken(nil)}).LoggedIn("ann@example.org")
		show(body{"id_token": "opaque"}).LoggedIn("ann@example.org")
		show(body{"access_token": "opaque"}).LoggedIn("ann@example.org")
	}
}

// everyStore runs a test in memory, on SQLite and, if available, on PostgreSQL.
func everyStore(t *testing.T, test func(t *testing.T, store storage.Store)) {
	t.Helper()
	stores(t, test)
	t.Run("postgres", func(t *testing.T) {
		source := testserver.Postgres(t)
		if source == "" {
			return
		}
		db, err := sql.Open("pgx", source)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(20)
		t.Cleanup(func() { _ = db.Close() })
		store := sqlstore.New(db, sqlstore.Postgres)
		if err := store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, store)
	})
}
