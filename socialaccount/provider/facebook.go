package provider

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

const (
	facebookVersion    = "v19.0"
	facebookFields     = "id,email,name,first_name,last_name,link"
	facebookLimitedIss = "https://www.facebook.com"
	facebookKeys       = "https://limited.facebook.com/.well-known/oauth/openid/jwks/"
)

// facebook is Facebook Login. It accepts access tokens that were issued for the
// app, and ID tokens of Limited Login.
type facebook struct {
	*oauth
	graph  string
	fields string
	tokens idTokens
}

func newFacebook(app App, deps Deps, e Entry) (Provider, error) {
	version := cmp.Or(app.Settings.Version, facebookVersion)
	graph := cmp.Or(strings.TrimSuffix(app.Settings.APIURL, "/"), "https://graph.facebook.com/"+version)
	fields := cmp.Or(strings.Join(app.Settings.Fields, ","), facebookFields)
	e.authorize = "https://www.facebook.com/" + version + "/dialog/oauth"
	e.token = graph + "/oauth/access_token"
	plain, err := newOAuth(app, deps, e)
	if err != nil {
		return nil, err
	}
	plain.info.Token = true
	return &facebook{oauth: plain, graph: graph, fields: fields, tokens: idTokens{now: deps.Now, keys: &keySet{
		client: plain.client, now: deps.Now, logger: deps.Logger, url: func(context.Context) (string, error) { return facebookKeys, nil },
	}}}, nil
}

// Exchange implements Provider.
func (p *facebook) Exchange(ctx context.Context, c Callback) (*Identity, error) {
	code, err := authorizationCode(c.Values, "")
	if err != nil {
		return nil, err
	}
	token, err := p.plainExchange(ctx, code, c)
	if err != nil {
		return nil, err
	}
	return p.fetchIdentity(ctx, token)
}

// fetchIdentity requests the profile with the HMAC of the token that Facebook calls
// appsecret_proof, so that a token that leaked elsewhere is refused.
func (p *facebook) fetchIdentity(ctx context.Context, token *oauth2.Token) (*Identity, error) {
	mac := hmac.New(sha256.New, []byte(p.app.ClientSecret))
	mac.Write([]byte(token.AccessToken))
	query := url.Values{"fields": {p.fields}, "appsecret_proof": {hex.EncodeToString(mac.Sum(nil))}}
	profile, err := fetchJSON(ctx, p.client, http.MethodGet, p.graph+"/me?"+query.Encode(),
		http.Header{"Authorization": {"Bearer " + token.AccessToken}}, "")
	if err != nil {
		return nil, err
	}
	id := p.entry.identity(profile, token)
	return id, id.Validate()
}

// VerifyToken implements Provider.
func (p *facebook) VerifyToken(ctx context.Context, t Tokens) (*Identity, error) {
	switch {
	case t.AccessToken != "":
		token, err := p.debug(ctx, t.AccessToken)
		if err != nil {
			return nil, err
		}
		return p.fetchIdentity(ctx, token)
	case t.IDToken != "":
		return p.limited(ctx, t)
	}
	return nil, ErrTokenMissing
}

// debug requests the app for which a token was issued, and its expiry.
func (p *facebook) debug(ctx context.Context, access string) (*oauth2.Token, error) {
	query := url.Values{"input_token": {access}}
	answer, err := fetchJSON(ctx, p.client, http.MethodGet, p.graph+"/debug_token?"+query.Encode(),
		http.Header{"Authorization": {"Bearer " + p.app.ClientID + "|" + p.app.ClientSecret}}, "")
	if err != nil {
		return nil, err
	}
	if find(answer, "data.is_valid") != true || text(answer, "data.app_id") != p.app.ClientID {
		return nil, fmt.Errorf("the token was issued for another app: %w", ErrInvalid)
	}
	return shownToken(access, find(answer, "data.expires_at")), nil
}

// limited verifies an ID token of Limited Login.
func (p *facebook) limited(ctx context.Context, t Tokens) (*Identity, error) {
	said, err := p.tokens.verify(ctx, t.IDToken, expected{
		issuer: facebookLimitedIss, audiences: []string{p.app.ClientID}, nonce: t.Nonce,
	})
	if err != nil {
		return nil, err
	}
	id := &Identity{UID: exact(said["sub"]), ExtraData: said, IDToken: t.IDToken}
	id.FirstName, id.LastName = said.name()
	id.takeEmail(scalar(said["email"]))
	return id, id.Validate()
}
