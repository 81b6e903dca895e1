package demoprovider

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"time"
)

const (
	keyID = "demo"
	// tokenLifetime is how long codes, ID tokens and access tokens are valid.
	tokenLifetime = 5 * time.Minute
)

// IDToken returns a signed ID token (OpenID Connect Core section 2) for the client.
// claims are added to the usual ones, or replace them.
func (p *Provider) IDToken(claims map[string]any) (string, error) {
	id, err := randomText()
	if err != nil {
		return "", err
	}
	now := p.cfg.Now()
	all := map[string]any{
		"iss": p.issuer, "aud": p.cfg.ClientID, "iat": now.Unix(), "exp": now.Add(tokenLifetime).Unix(), "jti": id,
	}
	maps.Copy(all, claims)
	return p.Sign(map[string]any{"alg": "RS256", "typ": "JWT", "kid": keyID}, all)
}

// Sign signs with RS256 (RFC 7518 section 3.3), whatever the header says.
func (p *Provider) Sign(header, claims map[string]any) (string, error) {
	head, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("demoprovider: %w", err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("demoprovider: %w", err)
	}
	signed := encode(head) + "." + encode(body)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("demoprovider: sign: %w", err)
	}
	return signed + "." + encode(signature), nil
}

func (p *Provider) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         p.issuer,
		"authorization_endpoint":                         p.issuer + "/authorize",
		"token_endpoint":                                 p.issuer + "/token",
		"userinfo_endpoint":                              p.issuer + "/userinfo",
		"jwks_uri":                                       p.issuer + "/keys",
		"response_types_supported":                       []string{"code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256"},
		"scopes_supported":                               []string{"openid", "profile", "email"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func (p *Provider) serveKeys(w http.ResponseWriter, _ *http.Request) {
	public := p.key.PublicKey
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID,
		"n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes()),
	}}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // it fails only if the client has disconnected
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func randomText() (string, error) {
	b := make([]byte, 24)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("demoprovider: read random bytes: %w", err)
	}
	return encode(b), nil
}
