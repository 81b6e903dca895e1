package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"golang.org/x/oauth2"
)

// dummy is the provider for development, by which everyone can log in as anyone. Its
// page is a form at the callback, and its ID token the fields of the form as JSON. It has
// the name and the fields of django-allauth's.
type dummy struct {
	info  Info
	entry Entry
}

func newDummy(app App, _ Deps, e Entry) (Provider, error) {
	return dummy{Info{ID: app.id(), Class: app.Provider, Name: e.Name, Redirect: true, Token: true, Development: true}, e}, nil
}

// Info implements Provider.
func (p dummy) Info() Info { return p.info }

// AuthCodeURL implements Provider.
func (p dummy) AuthCodeURL(_ context.Context, a Authorization) (string, error) {
	return a.RedirectURL + "?" + url.Values{"state": {a.State}}.Encode(), nil
}

// Exchange implements Provider.
func (p dummy) Exchange(_ context.Context, c Callback) (*Identity, error) {
	profile := map[string]any{"email_verified": c.Values.Has("email_verified")}
	for _, name := range []string{"id", "email", "username", "first_name", "last_name"} {
		profile[name] = c.Values.Get(name)
	}
	return p.identity(profile)
}

// VerifyToken implements Provider.
func (p dummy) VerifyToken(_ context.Context, t Tokens) (*Identity, error) {
	if t.IDToken == "" {
		return nil, ErrTokenMissing
	}
	var profile map[string]any
	if err := json.Unmarshal([]byte(t.IDToken), numbers(&profile)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return p.identity(profile)
}

// identity reads the fields of the form. The id is a whole number.
func (p dummy) identity(profile map[string]any) (*Identity, error) {
	id := p.entry.identity(profile, nil)
	if _, err := strconv.ParseInt(id.UID, 10, 64); err != nil {
		return nil, fmt.Errorf("the id is not a whole number: %w", ErrInvalid)
	}
	return id, id.Validate()
}

// Refresh implements Provider.
func (p dummy) Refresh(context.Context, *oauth2.Token) (*oauth2.Token, error) {
	return nil, ErrTokenUnsupported
}
