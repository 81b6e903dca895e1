package provider

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// ownEntries are the providers that depart from OAuth 2.0, each in its own way.
func ownEntries() []Entry {
	return []Entry{
		{ID: "apple", Name: "Apple", build: newApple, key: "the team id of the Apple developer account",
			settings: []string{"Scopes", "AuthParams", "PKCE", "CertificateKey"}},
		{ID: "facebook", Name: "Facebook", build: newFacebook, emailScopes: []string{"email"}, delimiter: ",",
			uid: "id", email: "email", first: "first_name", last: "last_name", name: "name",
			reauthenticate: map[string]string{"auth_type": "reauthenticate"},
			tokenReason:    "the documentation of debug_token, which verifies the tokens of apps, shows no other way",
			settings:       []string{"Scopes", "AuthParams", "PKCE", "UIDField", "APIURL", "Version", "Fields"}},
		{ID: "dummy", Name: "Dummy", build: newDummy, noClient: true, settings: []string{},
			uid: "id", email: "email", verified: "email_verified", username: "username", first: "first_name", last: "last_name"},
		{ID: "telegram", Name: "Telegram", build: newTelegram, settings: []string{"AuthDateValidity"}},
		{
			ID: "battlenet", Name: "Battle.net",
			authorize: "{ServerURL}/authorize", token: "{ServerURL}/token", profile: "{ServerURL}/userinfo",
			defaults: map[string]string{"ServerURL": "https://oauth.battle.net"},
			uid:      "id", username: "battletag", complete: battlenetRegion,
		},
		{
			ID: "clever", Name: "Clever",
			authorize: "https://clever.com/oauth/authorize", token: "https://clever.com/oauth/tokens", profile: "https://api.clever.com/v3.0/me",
			uid: "data.id", complete: cleverUser,
		},
		{
			ID: "dataporten", Name: "Dataporten",
			authorize: "https://auth.dataporten.no/oauth/authorization", token: "https://auth.dataporten.no/oauth/token", profile: "https://auth.dataporten.no/userinfo",
			uid: "user.userid", email: "user.email", name: "user.name", complete: dataportenAudience,
		},
		{
			ID: "dingtalk", Name: "DingTalk",
			authorize: "https://login.dingtalk.com/oauth2/auth", token: "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
			profile: "https://api.dingtalk.com/v1.0/contact/users/me", scopes: []string{"openid", "corpid"}, params: map[string]string{"prompt": "consent"},
			scheme: noHeader, header: map[string]string{"x-acs-dingtalk-access-token": "{tok:access_token}"},
			uid: "openId", username: "nick", name: "nick", codeParam: "authCode", noPKCE: true, exchange: dingtalkToken,
		},
		{
			ID: "feishu", Name: "feishu",
			authorize: "https://open.feishu.cn/open-apis/authen/v1/index", token: "https://open.feishu.cn/open-apis/authen/v1/access_token",
			profile: "https://open.feishu.cn/open-apis/authen/v1/user_info", clientIDParam: "app_id", noPKCE: true,
			uid: "data.open_id", username: "data.name", name: "data.name", ok: "data.open_id", exchange: feishuToken,
		},
		{
			ID: "line", Name: "Line",
			authorize: "https://access.line.me/oauth2/v2.1/authorize", token: "https://api.line.me/oauth2/v2.1/token", profile: "https://api.line.me/v2/profile",
			scopes: []string{"profile", "openid"}, emailScopes: []string{"email"},
			uid: "userId", name: "displayName", complete: lineEmail,
		},
		{
			ID: "linkedin_oauth2", Name: "LinkedIn",
			authorize: "https://www.linkedin.com/oauth/v2/authorization", token: "https://www.linkedin.com/oauth/v2/accessToken",
			profile: "https://api.linkedin.com/v2/me?projection=(id,firstName,lastName)", noPKCE: true,
			scopes: []string{"r_liteprofile"}, emailScopes: []string{"r_emailaddress"},
			uid: "id", complete: linkedInProfile,
		},
		{
			ID: "mailru", Name: "Mail.RU",
			authorize: "https://connect.mail.ru/oauth/authorize", token: "https://connect.mail.ru/oauth/token", profile: "https://www.appsmail.ru/platform/api",
			scheme: noHeader, uid: "list[0].uid", email: "list[0].email", username: "list[0].nick", first: "list[0].first_name", last: "list[0].last_name",
			signQuery: mailRuQuery,
		},
		{
			ID: "notion", Name: "Notion",
			authorize: "https://api.notion.com/v1/oauth/authorize", token: "https://api.notion.com/v1/oauth/token", params: map[string]string{"owner": "user"}, noPKCE: true,
			email: "owner.user.person.email", name: "owner.user.name", exchange: notionToken, complete: notionUID,
		},
		{
			ID: "odnoklassniki", Name: "Odnoklassniki", key: "the public key of the app",
			authorize: "https://connect.ok.ru/oauth/authorize", token: "https://api.ok.ru/oauth/token.do", profile: "https://api.ok.ru/fb.do",
			scopes: []string{"VALUABLE_ACCESS"}, emailScopes: []string{"GET_EMAIL"}, delimiter: ";",
			uid: "uid", email: "email", first: "first_name", last: "last_name", form: odnoklassnikiForm,
		},
		{
			ID: "shopify", Name: "Shopify",
			authorize: "https://{Tenant}.myshopify.com/admin/oauth/authorize", token: "https://{Tenant}.myshopify.com/admin/oauth/access_token",
			profile: "https://{Tenant}.myshopify.com/admin/shop.json", scopes: []string{"read_orders", "read_products"}, delimiter: ",", noPKCE: true,
			scheme: noHeader, header: map[string]string{"X-Shopify-Access-Token": "{tok:access_token}"},
			uid: "shop.id", email: "shop.email", name: "shop.shop_owner", exchange: shopifyToken, complete: shopifyUser,
		},
		{
			ID: "untappd", Name: "Untappd",
			authorize: "https://untappd.com/oauth/authenticate/", token: "https://untappd.com/oauth/authorize/", profile: "https://api.untappd.com/v4/user/info/",
			tokenIn: "access_token", tokenReason: "the documentation of the API shows no other way", noPKCE: true, redirectParam: "redirect_url",
			uid: "response.user.uid", email: "response.user.settings.email_address", username: "response.user.user_name",
			first: "response.user.first_name", last: "response.user.last_name", exchange: untappdToken,
		},
		{
			ID: "vk", Name: "VK",
			authorize: "https://id.vk.ru/authorize", token: "https://id.vk.ru/oauth2/auth", profile: "https://id.vk.ru/oauth2/user_info",
			emailScopes: []string{"email"},
			uid:         "user.user_id", email: "user.email", username: "user.screen_name", first: "user.first_name", last: "user.last_name",
			exchange: vkToken, form: vkForm,
		},
		{
			ID: "weixin", Name: "Weixin",
			authorize: "{AuthorizeURL}", token: "https://api.weixin.qq.com/sns/oauth2/access_token", profile: "https://api.weixin.qq.com/sns/userinfo",
			defaults: map[string]string{"AuthorizeURL": "https://open.weixin.qq.com/connect/qrconnect"}, scopes: []string{"snsapi_login"}, noPKCE: true,
			clientIDParam: "appid", tokenIn: "access_token", tokenReason: "the documentation of the API shows no other way", query: map[string]string{"openid": "{tok:openid}"},
			uid: "openid", username: "nickname", name: "nickname", exchange: weixinToken,
		},
	}
}

// battlenetRegion separates the accounts of China, whose ids overlap with the
// others.
func battlenetRegion(_ context.Context, p *oauth, _ *oauth2.Token, _ map[string]any, id *Identity) error {
	if strings.HasSuffix(p.tokenURL, ".cn/token") && id.UID != "" {
		id.UID += "-cn"
	}
	return nil
}

func cleverUser(ctx context.Context, p *oauth, token *oauth2.Token, _ map[string]any, id *Identity) error {
	if id.UID == "" {
		return nil
	}
	user, err := p.profile(ctx, token, "https://api.clever.com/v3.0/users/"+url.PathEscape(id.UID))
	if err != nil {
		return err
	}
	id.FirstName, id.LastName, id.ExtraData = text(user, "data.name.first"), text(user, "data.name.last"), user
	id.takeEmail(text(user, "data.email"))
	roles, _ := find(user, "data.roles").(map[string]any)
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		if id.Username = text(roles[role], "credentials.district_username"); id.Username != "" {
			break
		}
	}
	return nil
}

// dataportenAudience refuses a token that was issued for another client.
func dataportenAudience(_ context.Context, p *oauth, _ *oauth2.Token, profile map[string]any, id *Identity) error {
	if text(profile, "audience") != p.app.ClientID {
		return fmt.Errorf("the audience of the token is not our client: %w", ErrInvalid)
	}
	names, _ := find(profile, "user.userid_sec").([]any)
	for _, name := range names {
		if feide, ok := strings.CutPrefix(scalar(name), "feide:"); ok {
			id.Username, _, _ = strings.Cut(feide, "@")
		}
	}
	return nil
}

// tokenOf makes a token of a response with other member names.
func (p *oauth) tokenOf(answer map[string]any, access, refresh, expires string) (*oauth2.Token, error) {
	token := &oauth2.Token{AccessToken: text(answer, access), RefreshToken: text(answer, refresh)}
	if token.AccessToken == "" {
		return nil, fmt.Errorf("no token in the response: %w", ErrInvalid)
	}
	token.Expiry = expiry(p.now(), find(answer, expires))
	return token.WithExtra(answer), nil
}

// postJSON sends a JSON object and decodes one.
func (p *oauth) postJSON(ctx context.Context, address string, header http.Header, body map[string]string) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	full := http.Header{"Content-Type": {"application/json"}}
	maps.Copy(full, header)
	return fetchJSON(ctx, p.client, http.MethodPost, address, full, string(text))
}

func dingtalkToken(ctx context.Context, p *oauth, code string, _ Callback) (*oauth2.Token, error) {
	answer, err := p.postJSON(ctx, p.tokenURL, nil, map[string]string{
		"clientId": p.app.ClientID, "clientSecret": p.app.ClientSecret, "code": code, "grantType": "authorization_code",
	})
	if err != nil {
		return nil, err
	}
	return p.tokenOf(answer, "accessToken", "refreshToken", "expireIn")
}

func feishuToken(ctx context.Context, p *oauth, code string, _ Callback) (*oauth2.Token, error) {
	app, err := p.postJSON(ctx, "https://open.feishu.cn/open-apis/auth/v3/app_access_token/internal", nil, map[string]string{
		"app_id": p.app.ClientID, "app_secret": p.app.ClientSecret,
	})
	if err != nil {
		return nil, err
	}
	answer, err := p.postJSON(ctx, p.tokenURL, nil, map[string]string{
		"grant_type": "authorization_code", "code": code, "app_access_token": text(app, "app_access_token"),
	})
	if err != nil {
		return nil, err
	}
	return p.tokenOf(answer, "data.access_token", "data.refresh_token", "data.expires_in")
}

// lineEmail takes the address from the ID token, which Line's own endpoint
// verifies.
func lineEmail(ctx context.Context, p *oauth, token *oauth2.Token, _ map[string]any, id *Identity) error {
	idToken, _ := token.Extra("id_token").(string)
	if !p.email || idToken == "" {
		return nil
	}
	claims, err := fetchJSON(ctx, p.client, http.MethodPost, "https://api.line.me/oauth2/v2.1/verify",
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, url.Values{"id_token": {idToken}, "client_id": {p.app.ClientID}}.Encode())
	if err != nil {
		return err
	}
	if scalar(claims["sub"]) != id.UID {
		return fmt.Errorf("sub of the ID token is not that of the profile: %w", ErrInvalid)
	}
	id.takeEmail(scalar(claims["email"]))
	return nil
}

// linkedInProfile reads names in several languages, and the address.
func linkedInProfile(ctx context.Context, p *oauth, token *oauth2.Token, profile map[string]any, id *Identity) error {
	id.FirstName, id.LastName = localized(profile["firstName"]), localized(profile["lastName"])
	if !p.email {
		return nil
	}
	answer, err := p.profile(ctx, token, "https://api.linkedin.com/v2/emailAddress?q=members&projection=(elements*(handle~))")
	if err != nil {
		return nil //nolint:nilerr // the app may have no access to the address
	}
	id.takeEmail(text(answer, "elements[0].handle~.emailAddress"))
	return nil
}

// localized returns the preferred language, or else English, or else any.
func localized(value any) string {
	names, _ := find(value, "localized").(map[string]any)
	preferred := text(value, "preferredLocale.language") + "_" + text(value, "preferredLocale.country")
	for _, locale := range append([]string{preferred, "en_US"}, slices.Sorted(maps.Keys(names))...) {
		if name := scalar(names[locale]); name != "" {
			return name
		}
	}
	return ""
}

// signed returns the sorted parameters without separators, followed by a secret.
func signed(query url.Values, secret string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(query)) {
		b.WriteString(name + "=" + query.Get(name))
	}
	return md5Hex(b.String() + secret)
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func mailRuQuery(p *oauth, token *oauth2.Token, query url.Values) {
	query.Set("method", "users.getInfo")
	query.Set("app_id", p.app.ClientID)
	query.Set("secure", "1")
	query.Set("uids", scalar(token.Extra("x_mailru_vid")))
	query.Set("sig", signed(query, p.app.ClientSecret))
}

func odnoklassnikiForm(p *oauth, token *oauth2.Token) url.Values {
	form := url.Values{
		"method": {"users.getCurrentUser"}, "fields": {"uid,email,first_name,last_name"}, "application_key": {p.app.Key}, "format": {"json"},
	}
	form.Set("sig", signed(form, md5Hex(token.AccessToken+p.app.ClientSecret)))
	form.Set("access_token", token.AccessToken)
	return form
}

func notionToken(ctx context.Context, p *oauth, code string, c Callback) (*oauth2.Token, error) {
	request := http.Header{}
	basic := (&http.Request{Header: request})
	basic.SetBasicAuth(p.app.ClientID, p.app.ClientSecret)
	answer, err := p.postJSON(ctx, p.tokenURL, request, map[string]string{
		"grant_type": "authorization_code", "code": code, "redirect_uri": c.RedirectURL,
	})
	if err != nil {
		return nil, err
	}
	return p.tokenOf(answer, "access_token", "refresh_token", "expires_in")
}

// notionUID makes an id of the user and the workspace. The token response has the
// whole profile.
func notionUID(_ context.Context, _ *oauth, _ *oauth2.Token, profile map[string]any, id *Identity) error {
	user, workspace := text(profile, "owner.user.id"), text(profile, "workspace_id")
	if user != "" && workspace != "" {
		id.UID = "user-" + user + "_workspace-" + workspace
	}
	return nil
}

// shopifyToken verifies Shopify's signature of the callback before it uses the
// code.
func shopifyToken(ctx context.Context, p *oauth, code string, c Callback) (*oauth2.Token, error) {
	query := url.Values{}
	for name, values := range c.Values {
		if name != "hmac" && name != "signature" {
			query[name] = values
		}
	}
	mac := hmac.New(sha256.New, []byte(p.app.ClientSecret))
	mac.Write([]byte(query.Encode()))
	given, err := hex.DecodeString(c.Values.Get("hmac"))
	if err != nil || !hmac.Equal(mac.Sum(nil), given) {
		return nil, fmt.Errorf("wrong signature: %w", ErrInvalid)
	}
	if u, err := url.Parse(p.tokenURL); err != nil || c.Values.Get("shop") != u.Host {
		return nil, fmt.Errorf("shop is not the configured one: %w", ErrInvalid)
	}
	return p.plainExchange(ctx, code, c)
}

// shopifyUser returns the user of the shop, if the app requests it by
// auth_params: {"grant_options[]": "per-user"}. Otherwise the shop is the user.
func shopifyUser(_ context.Context, p *oauth, token *oauth2.Token, profile map[string]any, id *Identity) error {
	user, ok := token.Extra("associated_user").(map[string]any)
	if !ok {
		if p.params["grant_options[]"] == "per-user" {
			return fmt.Errorf("no user in the token response: %w", ErrInvalid)
		}
		return nil
	}
	id.UID, id.Emails = exact(user["id"]), nil
	id.FirstName, id.LastName = scalar(user["first_name"]), scalar(user["last_name"])
	if email := scalar(user["email"]); email != "" {
		id.Emails = []Email{{Address: email, Verified: isTrue(user["email_verified"])}}
	}
	id.ExtraData = map[string]any{"associated_user": user, "shop": profile["shop"]}
	return nil
}

func untappdToken(ctx context.Context, p *oauth, code string, c Callback) (*oauth2.Token, error) {
	query := url.Values{
		"client_id": {p.app.ClientID}, "client_secret": {p.app.ClientSecret}, "response_type": {"code"}, "redirect_url": {c.RedirectURL}, "code": {code},
	}
	answer, err := fetchJSON(ctx, p.client, http.MethodGet, p.tokenURL+"?"+query.Encode(), nil, "")
	if err != nil {
		return nil, err
	}
	return p.tokenOf(answer, "response.access_token", "response.refresh_token", "response.expires_in")
}

func vkToken(ctx context.Context, p *oauth, code string, c Callback) (*oauth2.Token, error) {
	return p.plainExchange(ctx, code, c,
		oauth2.SetAuthURLParam("device_id", c.Values.Get("device_id")), oauth2.SetAuthURLParam("state", c.Values.Get("state")))
}

func vkForm(p *oauth, token *oauth2.Token) url.Values {
	return url.Values{"access_token": {token.AccessToken}, "client_id": {p.app.ClientID}}
}

func weixinToken(ctx context.Context, p *oauth, code string, _ Callback) (*oauth2.Token, error) {
	query := url.Values{"appid": {p.app.ClientID}, "secret": {p.app.ClientSecret}, "code": {code}, "grant_type": {"authorization_code"}}
	answer, err := fetchJSON(ctx, p.client, http.MethodGet, p.tokenURL+"?"+query.Encode(), nil, "")
	if err != nil {
		return nil, err
	}
	return p.tokenOf(answer, "access_token", "refresh_token", "expires_in")
}
