package social

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

const (
	// maxExtraData is the largest profile that is kept, in bytes.
	maxExtraData = 64 << 10
	// maxProviderEmails bounds the addresses that one provider can bring.
	maxProviderEmails = 10
)

// candidate is somebody whom a provider vouches for, in the form in which it is
// stored. It survives a wait for the sign-up form.
type candidate struct {
	Provider  string                `json:"provider"`
	UID       string                `json:"uid"`
	Emails    []login.ProviderEmail `json:"emails,omitempty"`
	Username  string                `json:"username,omitempty"`
	FirstName string                `json:"first_name,omitempty"`
	LastName  string                `json:"last_name,omitempty"`
	ExtraData json.RawMessage       `json:"extra_data,omitempty"`
	Token     *oauth2.Token         `json:"token,omitempty"`

	entry    *entry
	identity *provider.Identity
	// repeated is true if an app has shown the ID token before.
	repeated bool
}

// newCandidate takes over what may be kept of an identity.
func (s *Flows) newCandidate(ctx context.Context, e *entry, id *provider.Identity) (*candidate, error) {
	if id == nil {
		return nil, fmt.Errorf("socialaccount: provider %q returned nobody: %w", e.info.ID, provider.ErrInvalid)
	}
	if err := id.Validate(); err != nil { // also where it is none of the catalogue
		return nil, err
	}
	c := &candidate{
		Provider: e.info.ID, UID: id.UID, Emails: s.cleanEmails(e, id.Emails),
		Username: clip(id.Username), FirstName: clip(id.FirstName), LastName: clip(id.LastName),
		entry: e, identity: id,
	}
	profile := id.ExtraData
	if s.cfg.ExtraData != nil {
		profile = s.cfg.ExtraData(ctx, e.info.ID, profile)
	}
	text, err := json.Marshal(profile)
	if err != nil || len(text) > maxExtraData || profile == nil {
		text = []byte("{}")
	}
	c.ExtraData = text
	if s.cfg.StoreTokens {
		c.Token = id.Token
	}
	return c, nil
}

// cleanEmails brings the addresses into their canonical form. What is none is
// left out, and an address that is there twice is verified if it is so once.
func (s *Flows) cleanEmails(e *entry, emails []provider.Email) []login.ProviderEmail {
	var list []login.ProviderEmail
	for _, email := range emails {
		canonical, ok := s.accounts.CleanEmail(strings.TrimSpace(email.Address))
		if !ok {
			continue
		}
		verified := e.verifies(canonical, email.Verified)
		i := slices.IndexFunc(list, func(known login.ProviderEmail) bool { return known.Email == canonical })
		switch {
		case i >= 0:
			list[i].Verified = list[i].Verified || verified
		case len(list) < maxProviderEmails:
			list = append(list, login.ProviderEmail{Email: canonical, Verified: verified})
		}
	}
	return list
}

// clip bounds a name that another user chose.
func clip(name string) string {
	const limit = 150
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if runes := []rune(name); len(runes) > limit {
		name = string(runes[:limit])
	}
	return strings.TrimSpace(name)
}

func (c *candidate) method(now time.Time) authn.Method {
	return authn.Method{Name: "socialaccount", At: now, Provider: c.Provider, UID: c.UID}
}

// publicIdentity is the identity as hooks see it, also after a wait for the
// form.
func (c *candidate) publicIdentity() *provider.Identity {
	if c.identity != nil {
		return c.identity
	}
	id := &provider.Identity{UID: c.UID, Username: c.Username, FirstName: c.FirstName, LastName: c.LastName, Token: c.Token}
	for _, e := range c.Emails {
		id.Emails = append(id.Emails, provider.Email{Address: e.Email, Verified: e.Verified})
	}
	if err := json.Unmarshal(c.ExtraData, &id.ExtraData); err != nil {
		id.ExtraData = nil // no more than a profile is lost
	}
	return id
}
