package token_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/tokens"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/sessions/token"
)

type body = clienttest.Body

func ed25519Key(t testing.TB) token.Key {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return token.Key{Private: private}
}

// start starts a server that issues access tokens.
func start(t testing.TB, cfg token.Config, edit ...func(cfg *allauth.Config)) *clienttest.Server {
	t.Helper()
	if cfg.Keys == nil {
		cfg.Keys = []token.Key{ed25519Key(t)}
	}
	return clienttest.Start(t, append([]func(cfg *allauth.Config){func(c *allauth.Config) { c.Tokens = &cfg }}, edit...)...)
}

// bearer is a client that sends an access token only.
func bearer(s *clienttest.Server, access string) *clienttest.Client {
	c := s.Client(clienttest.App)
	c.Header.Set("Authorization", "Bearer "+access)
	return c
}

func TestEveryAlgorithmSignsAndVerifies(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, key := range map[string]token.Key{
		"RS256": {Private: rsaKey}, "ES256": {Private: ecKey}, "EdDSA": ed25519Key(t), "HS256": {Secret: clienttest.Secret},
	} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s := start(t, token.Config{Keys: []token.Key{key}})
			c := s.SignUp(clienttest.App, "ann@example.org")
			if got := header(t, c.AccessToken)["alg"]; got != algorithm {
				t.Errorf("alg %v", got)
			}
			bearer(s, c.AccessToken).Get("auth/session").LoggedIn("ann@example.org")
			if _, err := s.Auth.VerifyAccessToken(context.Background(), c.AccessToken); err != nil {
				t.Error(err)
			}
		})
	}
}

func header(t testing.TB, text string) map[string]any {
	t.Helper()
	first, _, _ := strings.Cut(text, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(decoded, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func TestAccessTokensAreValidForMinutes(t *testing.T) {
	t.Parallel()
	s := start(t, token.Config{})
	c := s.SignUp(clienttest.App, "ann@example.org")
	access := bearer(s, c.AccessToken)
	access.Get("auth/session").LoggedIn("ann@example.org")
	lower := s.Client(clienttest.App)
	lower.Header.Set("Authorization", "bearer "+c.AccessToken)
	lower.Get("auth/session").LoggedIn("ann@example.org")
	s.Clock.Advance(5 * time.Minute)
	access.Get("auth/session").Status(401)
	c.Get("auth/session").LoggedIn("ann@example.org")
}

func TestTheTokensOfAnEndedSession(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]struct {
		stateless bool
		status    int
	}{"stateful": {false, 401}, "stateless": {true, 410}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, token.Config{StatelessValidation: mode.stateless})
			c := s.SignUp(clienttest.App, "ann@example.org")
			c.Delete("auth/session", nil).Status(401)
			bearer(s, c.AccessToken).Get("auth/session").Status(mode.status)
			s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(400)
			_, err := s.Auth.VerifyAccessToken(context.Background(), c.AccessToken)
			if good := err == nil; good != mode.stateless {
				t.Errorf("VerifyAccessToken after logout: %v", err)
			}
		})
	}
}

func TestRefreshTokensAreReplaced(t *testing.T) {
	t.Parallel()
	s := start(t, token.Config{})
	c := s.SignUp(clienttest.App, "ann@example.org")
	c.Token = ""
	for range 3 {
		s.Clock.Advance(23 * time.Hour)
		answer := c.Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(200)
		refresh, _ := answer.Value("data", "refresh_token").(string)
		access, _ := answer.Value("data", "access_token").(string)
		if refresh == "" || refresh == c.RefreshToken {
			t.Fatalf("refresh token %q", refresh)
		}
		c.RefreshToken = refresh
		bearer(s, access).Get("auth/session").LoggedIn("ann@example.org")
	}
	s.Clock.Advance(24 * time.Hour)
	c.Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(400)
}

func TestRefreshTokensDoNotOutliveTheirSession(t *testing.T) {
	t.Parallel()
	s := start(t, token.Config{RefreshTokenExpiresIn: 365 * 24 * time.Hour}, func(cfg *allauth.Config) {
		cfg.Sessions.Lifetime, cfg.Sessions.IdleTimeout = 24*time.Hour, 24*time.Hour
	})
	c := s.SignUp(clienttest.App, "ann@example.org")
	s.Clock.Advance(12 * time.Hour)
	answer := s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(200)
	s.Clock.Advance(12*time.Hour + time.Second)
	s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": answer.Value("data", "refresh_token")}).Status(400)
}

func TestARefreshTokenCanBeKept(t *testing.T) {
	t.Parallel()
	s := start(t, token.Config{KeepRefreshToken: true})
	c := s.SignUp(clienttest.App, "ann@example.org")
	for range 2 {
		answer := s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(200)
		if answer.Value("data", "refresh_token") != nil {
			t.Errorf("a new refresh token: %s", answer.Text)
		}
	}
}

// Reuse of a refresh token means that there is a copy: all tokens of the session
// end.
func TestAReplayEndsTheSession(t *testing.T) {
	t.Parallel()
	var reused atomic.Int64
	s := start(t, token.Config{}, func(cfg *allauth.Config) {
		cfg.OnEvent = func(_ context.Context, e authn.Event) {
			if _, ok := e.Details.(token.Reused); ok {
				reused.Add(1)
			}
		}
	})
	c := s.SignUp(clienttest.App, "ann@example.org")
	stolen := c.RefreshToken
	thief := s.Client(clienttest.App)
	fresh := thief.Post("tokens/refresh", body{"refresh_token": stolen}).Status(200)
	s.Clock.Advance(6 * time.Second)
	s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": stolen}).Status(400)
	thief.Post("tokens/refresh", body{"refresh_token": fresh.Value("data", "refresh_token")}).Status(400)
	access, _ := fresh.Value("data", "access_token").(string)
	bearer(s, access).Get("auth/session").Status(401)
	c.Get("auth/session").Status(410)
	if reused.Load() != 1 {
		t.Errorf("%d events tell of the replay", reused.Load())
	}
}

func TestALostAnswerDoesNotEndTheSession(t *testing.T) {
	t.Parallel()
	s := start(t, token.Config{})
	c := s.SignUp(clienttest.App, "ann@example.org")
	fresh := s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(200)
	s.Clock.Advance(4 * time.Second)
	s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(400)
	s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": fresh.Value("data", "refresh_token")}).Status(200)
}

// An error of the server does not consume the token: the app tries again.
func TestAFailedRefreshCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	s := start(t, token.Config{Claims: func(context.Context, *authn.User) (map[string]any, error) {
		if down.Load() {
			return nil, errors.New("the directory is down")
		}
		return nil, nil
	}})
	c := s.SignUp(clienttest.App, "ann@example.org")
	down.Store(true)
	s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(503)
	down.Store(false)
	s.Clock.Advance(time.Minute)
	s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(200)
}

func TestParallelRefreshesHaveOneWinner(t *testing.T) {
	t.Parallel()
	s := start(t, token.Config{})
	c := s.SignUp(clienttest.App, "ann@example.org")
	var won atomic.Int64
	clienttest.Parallel(64, func(int) {
		if s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).StatusCode == 200 {
			won.Add(1)
		}
	})
	if won.Load() != 1 {
		t.Errorf("one refresh token worked %d times", won.Load())
	}
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	old, next := ed25519Key(t), ed25519Key(t)
	s := start(t, token.Config{Keys: []token.Key{old}})
	c := s.SignUp(clienttest.App, "ann@example.org")
	kids := map[string]bool{}
	for name, keys := range map[string][]token.Key{"both": {next, old}, "the new one": {next}} {
		other, err := tokens.New(tokens.WithDefaults(token.Config{Keys: keys}), tokens.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(other.JWKS(), &set); err != nil || len(set.Keys) != len(keys) {
			t.Fatalf("%s: %d keys, %v", name, len(set.Keys), err)
		}
		kids[set.Keys[0].KeyID] = true
		found := len(set.Key(header(t, c.AccessToken)["kid"].(string))) == 1
		if found != (len(keys) == 2) {
			t.Errorf("%s: the old key is there: %v", name, found)
		}
	}
	if len(kids) != 1 {
		t.Errorf("the new key has %d ids", len(kids))
	}
}

// Another service verifies a token with the published keys only.
func TestThePublishedKeysVerify(t *testing.T) {
	t.Parallel()
	s := start(t, token.Config{Audience: "api", Claims: func(context.Context, *authn.User) (map[string]any, error) {
		return map[string]any{"role": "admin", "sub": "another user", "token_use": "refresh"}, nil
	}})
	c := s.SignUp(clienttest.App, "ann@example.org")
	response, err := http.Get(s.URL + "/_allauth/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // the body has been read
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(c.AccessToken, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	var standard jwt.Claims
	var all map[string]any
	if err := parsed.Claims(set, &standard, &all); err != nil {
		t.Fatal(err)
	}
	if err := standard.Validate(jwt.Expected{Issuer: s.URL, AnyAudience: jwt.Audience{"api"}, Time: s.Clock.Now()}); err != nil {
		t.Error(err)
	}
	if all["role"] != "admin" || all["token_use"] != "access" || standard.Subject == "another user" {
		t.Errorf("claims %v", all)
	}
	if parsed, err = jwt.ParseSigned(c.RefreshToken, []jose.SignatureAlgorithm{jose.EdDSA}); err != nil {
		t.Fatal(err)
	}
	var refresh jwt.Claims
	if err := parsed.Claims(set, &refresh); err != nil {
		t.Fatal(err)
	}
	if err := refresh.Validate(jwt.Expected{AnyAudience: jwt.Audience{"api"}, Time: s.Clock.Now()}); err == nil {
		t.Error("a refresh token passes for an access token")
	}
	if sid, _ := all["sid"].(string); sid == "" || strings.Contains(sid, c.Token) {
		t.Errorf("sid %q", sid)
	}
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	key := ed25519Key(t)
	s := start(t, token.Config{Keys: []token.Key{key}})
	c := s.SignUp(clienttest.App, "ann@example.org")
	other := start(t, token.Config{Keys: []token.Key{key}}).SignUp(clienttest.App, "ann@example.org")
	parts := strings.Split(c.AccessToken, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	public, err := x509.MarshalPKIXPublicKey(key.Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	kid := header(t, c.AccessToken)["kid"].(string)
	hs := func(secret []byte, head string) string {
		input := encode([]byte(head)) + "." + parts[1]
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return input + "." + encode(mac.Sum(nil))
	}
	for name, forged := range map[string]string{
		"empty":                     "",
		"garbage":                   "a.b.c",
		"five parts":                c.AccessToken + ".a.b",
		"no signature":              parts[0] + "." + parts[1] + ".",
		"alg none":                  encode([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." + parts[1] + ".",
		"public key as HMAC secret": hs(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), `{"alg":"HS256","kid":"`+kid+`"}`),
		"raw key as HMAC secret":    hs(key.Private.Public().(ed25519.PublicKey), `{"alg":"HS256","kid":"`+kid+`"}`),
		"changed payload":           parts[0] + "." + encode([]byte(strings.Replace(string(payload), `"sub":"`, `"sub":"1`, 1))) + "." + parts[2],
		"a refresh token":           c.RefreshToken,
		"of another server":         other.AccessToken,
		"huge":                      c.AccessToken + strings.Repeat("A", 9000),
	} {
		bearer(s, forged).Get("auth/session").Status(401)
		if _, err := s.Auth.VerifyAccessToken(context.Background(), forged); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": forged + " "}).Status(400)
	}
	answer := s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": c.AccessToken}).Status(400)
	if answer.Text != `{"status":400}` {
		t.Errorf("an access token to refresh with: %s", answer.Text)
	}
	s.Client(clienttest.App).Post("tokens/refresh", body{}).Problems("refresh_token:required")
	s.Client(clienttest.Browser).Do("POST", "tokens/refresh", "{}").Status(404)
}

func TestAPasswordChangeReplacesTheTokens(t *testing.T) {
	t.Parallel()
	s := start(t, token.Config{})
	c := s.SignUp(clienttest.App, "ann@example.org")
	access, refresh := c.AccessToken, c.RefreshToken
	c.Post("account/password/change", body{"current_password": clienttest.Password, "new_password": "Another-1-horse"}).Status(200)
	bearer(s, access).Get("auth/session").Status(401)
	s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": refresh}).Status(400)
	bearer(s, c.AccessToken).Get("auth/session").LoggedIn("ann@example.org")
}

func TestTheHostsRoutesTakeAccessTokens(t *testing.T) {
	t.Parallel()
	for _, stateless := range []bool{false, true} {
		s := start(t, token.Config{StatelessValidation: stateless})
		c := s.SignUp(clienttest.App, "ann@example.org")
		s.Handler = s.Auth.Middleware(s.Auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		})))
		status := func(access string) int {
			r, err := http.NewRequest(http.MethodGet, s.URL+"/me", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+access)
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close() // only the status counts
			return response.StatusCode
		}
		if got := status(c.AccessToken); got != 204 {
			t.Errorf("stateless %v: a good token: %d", stateless, got)
		}
		if got := status(c.RefreshToken); got != 401 {
			t.Errorf("stateless %v: a refresh token: %d", stateless, got)
		}
	}
}

// With an audience access tokens follow RFC 9068. Tokens that were issued before, of the
// type JWT, are accepted until they expire; other types never.
func TestTheTypeOfAccessTokens(t *testing.T) {
	t.Parallel()
	key := token.Key{Secret: clienttest.Secret}
	s := start(t, token.Config{Keys: []token.Key{key}, Audience: "https://api.example.com"})
	c := s.SignUp(clienttest.App, "ann@example.org")
	if access, refresh := header(t, c.AccessToken)["typ"], header(t, c.RefreshToken)["typ"]; access != "at+jwt" || refresh != "JWT" {
		t.Errorf("types %v and %v", access, refresh)
	}
	bearer(s, c.AccessToken).Get("auth/session").LoggedIn("ann@example.org")
	access, err := s.Auth.VerifyAccessToken(t.Context(), c.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		if access.Claims[name] == nil {
			t.Errorf("no claim %s in %v", name, access.Claims)
		}
	}
	_, payload, _ := strings.Cut(c.AccessToken, ".")
	payload, _, _ = strings.Cut(payload, ".")
	for typ, accepted := range map[string]bool{"JWT": true, "at+jwt": true, "logout+jwt": false, "": false} {
		text, err := json.Marshal(map[string]any{"alg": "HS256", "kid": header(t, c.AccessToken)["kid"], "typ": typ})
		if err != nil {
			t.Fatal(err)
		}
		signed := base64.RawURLEncoding.EncodeToString(text) + "." + payload
		mac := hmac.New(sha256.New, clienttest.Secret)
		mac.Write([]byte(signed))
		_, err = s.Auth.VerifyAccessToken(t.Context(), signed+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
		if (err == nil) != accepted {
			t.Errorf("type %q: %v", typ, err)
		}
	}
	plain := start(t, token.Config{Keys: []token.Key{key}}).SignUp(clienttest.App, "ann@example.org")
	if typ := header(t, plain.AccessToken)["typ"]; typ != "JWT" {
		t.Errorf("type %v without an audience", typ)
	}
}

// Earlier versions let the host set claims that are the library's now, in other types.
func TestTokensWithClaimsOfTheHost(t *testing.T) {
	t.Parallel()
	s := start(t, token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}})
	c := s.SignUp(clienttest.App, "ann@example.org")
	head, rest, _ := strings.Cut(c.AccessToken, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	claims["client_id"], claims["auth_time"], claims["acr"], claims["amr"] = 7, "noon", 1, "password"
	if raw, err = json.Marshal(claims); err != nil {
		t.Fatal(err)
	}
	signed := head + "." + base64.RawURLEncoding.EncodeToString(raw)
	mac := hmac.New(sha256.New, clienttest.Secret)
	mac.Write([]byte(signed))
	bearer(s, signed+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil))).Get("auth/session").LoggedIn("ann@example.org")
}

func TestBadKeysAreRefused(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, keys := range map[string][]token.Key{
		"Tokens.Keys is empty": nil,
		"bits":                 {{Private: small}},
		"P-256":                {{Private: curve}},
		"bytes":                {{Secret: []byte("short")}},
		"no private part":      {{Public: small.Public()}},
		"more than one":        {{Private: small, Secret: clienttest.Secret}},
		"type":                 {ed25519Key(t), {Public: "key"}},
	} {
		err := tokens.Validate(tokens.WithDefaults(token.Config{Keys: keys}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %q", err, want)
		}
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	private := ed25519Key(t).Private
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{"PRIVATE KEY": pkcs8, "PUBLIC KEY": pkix} {
		if _, err := token.ParseKey(pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := token.ParseKey([]byte(text)); err == nil {
			t.Errorf("%q is a key", text)
		}
	}
}

// FuzzAccessToken sends any text as an access token.
func FuzzAccessToken(f *testing.F) {
	s := start(f, token.Config{})
	c := s.SignUp(clienttest.App, "ann@example.org")
	seeds := map[string]bool{c.AccessToken: true, c.RefreshToken: true, "a.b.c": true, "": true}
	for seed := range maps.Keys(seeds) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		access, err := s.Auth.VerifyAccessToken(context.Background(), text)
		if err == nil && text != c.AccessToken {
			t.Errorf("%q is good: %+v", text, access)
		}
	})
}
