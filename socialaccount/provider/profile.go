package provider

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// fetchIdentity requests the profile with a token and returns the identity.
func (p *oauth) fetchIdentity(ctx context.Context, token *oauth2.Token) (*Identity, error) {
	profile, err := p.firstProfile(ctx, token)
	if err != nil {
		return nil, err
	}
	if p.entry.ok != "" && find(profile, p.entry.ok) == nil {
		return nil, fmt.Errorf("the provider refused: %w", ErrInvalid)
	}
	id := p.entry.identity(profile, token)
	if p.entry.complete != nil {
		if err := p.entry.complete(ctx, p, token, profile, id); err != nil {
			return nil, err
		}
	}
	return id, id.Validate()
}

// firstProfile requests the entry's profile. Without one, the token response is
// the profile.
func (p *oauth) firstProfile(ctx context.Context, token *oauth2.Token) (map[string]any, error) {
	if p.entry.profile != "" {
		return p.profile(ctx, token, p.entry.profile)
	}
	profile := map[string]any{}
	for _, name := range []string{"owner", "workspace_id", "workspace_name", "bot_id"} {
		if value := token.Extra(name); value != nil {
			profile[name] = value
		}
	}
	return profile, nil
}

// profile requests a document with the token where the entry says: in a header,
// in a form or in the query.
func (p *oauth) profile(ctx context.Context, token *oauth2.Token, template string) (map[string]any, error) {
	value, err := p.fetch(ctx, token, template)
	if err != nil {
		return nil, err
	}
	if list, isList := value.([]any); isList {
		value = map[string]any{"list": list}
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the profile is not a JSON object: %w", ErrInvalid)
	}
	return object, nil
}

func (p *oauth) fetch(ctx context.Context, token *oauth2.Token, template string) (any, error) {
	tokenText := func(path string) string {
		if path == "access_token" {
			return token.AccessToken
		}
		first, rest, nested := strings.Cut(path, ".")
		if nested {
			return text(token.Extra(first), rest)
		}
		return scalar(token.Extra(first))
	}
	address, err := expand(template, p.app, p.entry, tokenText)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the URL of the profile is malformed: %w", ErrInvalid)
	}
	if p.entry.within != "" && u.Hostname() != p.entry.within && !strings.HasSuffix(u.Hostname(), "."+p.entry.within) {
		return nil, fmt.Errorf("the profile is at %s, not within %s: %w", u.Host, p.entry.within, ErrInvalid)
	}
	query := u.Query()
	for name, value := range p.entry.query {
		expanded, err := p.fill(value, tokenText)
		if err != nil {
			return nil, err
		}
		query.Set(name, expanded)
	}
	if p.entry.tokenIn != "" {
		query.Set(p.entry.tokenIn, token.AccessToken)
	}
	if p.entry.signQuery != nil {
		p.entry.signQuery(p, token, query)
	}
	u.RawQuery = query.Encode()
	header := http.Header{}
	if p.entry.tokenIn == "" && p.entry.form == nil && p.entry.scheme != noHeader {
		header.Set("Authorization", cmp.Or(p.entry.scheme, "Bearer")+" "+token.AccessToken)
	}
	for name, value := range p.entry.header {
		expanded, err := p.fill(value, tokenText)
		if err != nil {
			return nil, err
		}
		header.Set(name, expanded)
	}
	method, body := http.MethodGet, p.entry.body
	switch {
	case p.entry.form != nil:
		method, body = http.MethodPost, p.entry.form(p, token).Encode()
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	case p.entry.post:
		method = http.MethodPost
	}
	r, err := fetch(ctx, p.client, method, u.String(), header, body)
	if err != nil {
		return nil, err
	}
	return r.value()
}

// fill expands a value of the query or a header, which may contain the app's
// credentials.
func (p *oauth) fill(value string, token func(string) string) (string, error) {
	switch value {
	case "{client_id}":
		return p.app.ClientID, nil
	case "{client_secret}":
		return p.app.ClientSecret, nil
	}
	return expand(value, p.app, p.entry, token)
}
