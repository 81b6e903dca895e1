package socialaccount_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// suiteProvider is the OpenID provider of the OpenID Foundation's relying-party tests
// for a client that is registered as "client". Each test changes one of its responses.
// It refuses requests that a relying party must not send.
type suiteProvider struct {
	*httptest.Server
	t testing.TB
	// jwksPath is the path of the keys, published are the keys.
	jwksPath  string
	published []any
	// sign makes the ID token of its claims.
	sign func(claims map[string]any) string
	// editMetadata, editClaims and editUserInfo change a response. They may be nil.
	editMetadata, editClaims, editUserInfo func(members map[string]any)
	// signedUserInfo sends the user info as a signed JWT.
	signedUserInfo bool
	// authorizationError is the response to authorization requests, if it is set.
	authorizationError string

	mu sync.Mutex
	// requests are the authorization requests by their code.
	requests map[string]url.Values
	asked    []*http.Request
}

const metadataPath = "/.well-known/openid-configuration"

// startSuiteProvider starts a provider that responds as it must.
func startSuiteProvider(t testing.TB) *suiteProvider {
	t.Helper()
	p := &suiteProvider{t: t, jwksPath: "/jwks", published: suiteKeySet(1), requests: map[string]url.Values{}}
	p.sign = signWith(t, jose.RS256, suiteKeys().rsa[0], "rsa-0")
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// keyRing are the private keys of all providers of this test.
type keyRing struct {
	rsa []*rsa.PrivateKey
	ec  []*ecdsa.PrivateKey
	ed  []ed25519.PrivateKey
}

var suiteKeys = sync.OnceValue(func() (ring keyRing) {
	for range 3 {
		r, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		_, d, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		ring.rsa, ring.ec, ring.ed = append(ring.rsa, r), append(ring.ec, e), append(ring.ed, d)
	}
	return ring
})

// suiteKeySet returns n keys of each kind, as the suite publishes them: without an
// algorithm, beside keys of a curve that few libraries know, and for encryption.
func suiteKeySet(n int) []any {
	ring := suiteKeys()
	var keys []any
	for i := range n {
		number := string(rune('0' + i))
		keys = append(keys,
			jose.JSONWebKey{Key: ring.rsa[i].Public(), KeyID: "rsa-" + number, Use: "sig"},
			jose.JSONWebKey{Key: ring.ec[i].Public(), KeyID: "ec-" + number, Use: "sig"},
			map[string]string{"kty": "EC", "crv": "secp256k1", "use": "sig", "kid": "k1-" + number,
				"x": base64.RawURLEncoding.EncodeToString(make([]byte, 32)), "y": base64.RawURLEncoding.EncodeToString(make([]byte, 32))},
			jose.JSONWebKey{Key: ring.ed[i].Public(), KeyID: "ed-" + number, Use: "sig"})
	}
	return append(keys, jose.JSONWebKey{Key: ring.rsa[2].Public(), KeyID: "enc", Use: "enc", Algorithm: "RSA-OAEP"})
}

// withoutIDs removes the ids of the keys for signatures.
func withoutIDs(keys []any) []any {
	var plain []any
	for _, key := range keys {
		switch key := key.(type) {
		case jose.JSONWebKey:
			if key.Use == "sig" {
				key.KeyID = ""
			}
			plain = append(plain, key)
		case map[string]string:
			key = maps.Clone(key)
			delete(key, "kid")
			plain = append(plain, key)
		}
	}
	return plain
}

// signWith signs with a key. An empty kid leaves it out.
func signWith(t testing.TB, algorithm jose.SignatureAlgorithm, key any, kid string) func(claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT")
	if kid != "" {
		options = options.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	return func(claims map[string]any) string {
		text, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Error(err)
		}
		return text
	}
}

// unsigned makes a token with the algorithm none.
func unsigned(claims map[string]any) string {
	text, _ := json.Marshal(claims) // of claims that were read from JSON
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(text) + "."
}

// spoiled changes a bit of the signature.
func spoiled(sign func(map[string]any) string) func(map[string]any) string {
	return func(claims map[string]any) string {
		token := sign(claims)
		dot := strings.LastIndexByte(token, '.') + 1
		signature, _ := base64.RawURLEncoding.DecodeString(token[dot:]) // of our own token
		signature[0] ^= 1
		return token[:dot] + base64.RawURLEncoding.EncodeToString(signature)
	}
}

// ServeHTTP implements http.Handler.
func (p *suiteProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		p.t.Errorf("%s: %v", r.URL.Path, err)
	}
	p.asked = append(p.asked, r)
	switch r.URL.Path {
	case metadataPath:
		p.answer(w, p.metadata())
	case p.jwksPath:
		p.answer(w, map[string]any{"keys": p.published})
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.issue(w, r)
	case "/userinfo":
		p.tellUser(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *suiteProvider) answer(w http.ResponseWriter, members map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(members); err != nil {
		p.t.Error(err)
	}
}

func (p *suiteProvider) metadata() map[string]any {
	m := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"userinfo_endpoint": p.URL + "/userinfo", "jwks_uri": p.URL + p.jwksPath,
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "PS256", "ES256", "EdDSA"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic"},
	}
	if p.editMetadata != nil {
		p.editMetadata(m)
	}
	return m
}

// authorize serves the authorization endpoint, at which the user is logged in already.
func (p *suiteProvider) authorize(w http.ResponseWriter, r *http.Request) {
	request := r.URL.Query()
	for name, want := range map[string]string{"client_id": "client", "response_type": "code"} {
		if request.Get(name) != want {
			p.t.Errorf("the authorization request has %s %q", name, request.Get(name))
		}
	}
	if !slices.Contains(strings.Fields(request.Get("scope")), "openid") {
		p.t.Errorf("the authorization request has the scope %q, without openid", request.Get("scope"))
	}
	code := rand.Text()
	p.requests[code] = request
	response := url.Values{"state": {request.Get("state")}, "code": {code}}
	if p.authorizationError != "" {
		response = url.Values{"state": {request.Get("state")}, "error": {p.authorizationError}}
	}
	if request.Get("response_mode") == "form_post" {
		w.Header().Set("Content-Type", "text/html")
		if err := responsePage.Execute(w, map[string]any{"Action": request.Get("redirect_uri"), "Fields": response}); err != nil {
			p.t.Error(err)
		}
		return
	}
	http.Redirect(w, r, request.Get("redirect_uri")+"?"+response.Encode(), http.StatusFound)
}

// responsePage is the page by which a browser posts the response (OAuth 2.0 Form Post
// Response Mode, appendix A).
var responsePage = template.Must(template.New("").Parse(`<!doctype html><body onload="document.forms[0].submit()">
<form method="post" action="{{.Action}}">{{range $name, $values := .Fields}}{{range $values}}
<input type="hidden" name="{{$name}}" value="{{.}}">{{end}}{{end}}
</form></body>`))

// issue serves the token endpoint.
func (p *suiteProvider) issue(w http.ResponseWriter, r *http.Request) {
	id, password, isBasic := r.BasicAuth()
	request, known := p.requests[r.PostForm.Get("code")]
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	switch {
	case !isBasic || id != "client" || password != secret || r.PostForm.Has("client_secret"):
		p.t.Errorf("the client does not authenticate by client_secret_basic alone: %s %v", r.Header.Get("Authorization"), r.PostForm)
		http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
	case !known || r.PostForm.Get("redirect_uri") != request.Get("redirect_uri") || r.PostForm.Get("grant_type") != "authorization_code",
		request.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]):
		p.t.Errorf("the token request %v does not fit %v", r.PostForm, request)
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
	default:
		delete(p.requests, r.PostForm.Get("code"))
		p.answer(w, map[string]any{"access_token": "the-access-token", "token_type": "Bearer", "expires_in": 3600, "id_token": p.idToken(request)})
	}
}

func (p *suiteProvider) idToken(request url.Values) string {
	now := time.Now()
	claims := map[string]any{
		"iss": p.URL, "sub": "suite-user", "aud": "client", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"nonce": request.Get("nonce"),
	}
	if p.editClaims != nil {
		p.editClaims(claims)
	}
	return p.sign(claims)
}

// tellUser serves the user info.
func (p *suiteProvider) tellUser(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer the-access-token" || r.Form.Has("access_token") {
		p.t.Errorf("the access token is not sent in the header alone: %q %v", r.Header.Get("Authorization"), r.Form)
		http.Error(w, `{"error":"invalid_token"}`, http.StatusUnauthorized)
		return
	}
	info := map[string]any{"sub": "suite-user", "name": "Ann Example", "email": "ann@example.org", "email_verified": true}
	if p.editUserInfo != nil {
		p.editUserInfo(info)
	}
	if !p.signedUserInfo {
		p.answer(w, info)
		return
	}
	info["iss"], info["aud"] = p.URL, "client"
	w.Header().Set("Content-Type", "application/jwt")
	_, _ = w.Write([]byte(p.sign(info))) // it fails only if the client has disconnected
}

// rotate replaces the signing key by another one.
func (p *suiteProvider) rotate(i int) {
	key := suiteKeys().rsa[i]
	number := string(rune('0' + i))
	p.published = []any{jose.JSONWebKey{Key: key.Public(), KeyID: "rsa-" + number, Use: "sig"}}
	p.sign = signWith(p.t, jose.RS256, key, "rsa-"+number)
}

// count returns how many requests for a path arrived.
func (p *suiteProvider) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requested(path)
}

// requested is count for a caller that holds the lock.
func (p *suiteProvider) requested(path string) (n int) {
	for _, r := range p.asked {
		if r.URL.Path == path {
			n++
		}
	}
	return n
}
