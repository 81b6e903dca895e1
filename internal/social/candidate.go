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
	// maxExtraData is the size of the largest profile that is stored, in bytes.
	maxExtraData = 64 << 10
	// maxProviderEmails is the number of addresses that are accepted from a provider.
	maxProviderEmails = 10
)

// candidate is the identity of a user at a provider, before the user is logged in or
// signed up. It is stored encrypted while a sign-up waits for its form.
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
	// oldUID and oldName are those of the identity, storedUID is the id under which
	// the account was found.
	oldUID, oldName, storedUID string
	// repeated is true if a client has used the ID token before.
	repeated bool
}

// newCandidate returns a candidate with what may be stored of an identity. Returns
// provider.ErrInvalid if the identity is invalid.
func (s *Flows) newCandidate(ctx context.Context, e *entry, id *provider.Identity) (*candidate, error) {
	if id == nil {
		return nil, fmt.Errorf("socialaccount: provider %q returned no identity: %w", e.info.ID, provider.ErrInvalid)
	}
	if err := id.Validate(); err != nil { // providers of the host may not have validated it
		return nil, err
	}
	c := &candidate{
		Provider: e.info.ID, UID: id.UID, Emails: s.cleanEmails(e, id.Emails),
		Username: cleanName(id.Username), FirstName: cleanName(id.FirstName), LastName: cleanName(id.LastName),
		entry: e, identity: id, oldUID: id.OldUID, oldName: id.OldName,
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

// cleanEmails returns the addresses in their canonical form, without invalid ones and
// duplicates. An address is verified if one of its duplicates is.
func (s *Flows) cleanEmails(e *entry, emails []provider.Email) []login.ProviderEmail {
	var list []login.ProviderEmail
	for _, email := range emails {
		canonical, ok := s.accounts.CleanEmail(strings.TrimSpace(email.Address))
		if !ok {
			continue
		}
		verified := e.isVerified(canonical, email.Verified)
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

// cleanName returns a name from a provider without control characters, cut off after
// 150 characters.
func cleanName(name string) string {
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

// method returns the authentication method that a login through the provider records.
func (c *candidate) method(now time.Time) authn.Method {
	return authn.Method{Name: "socialaccount", At: now, Provider: c.Provider, UID: c.UID}
}

// publicIdentity returns the identity for hooks of the host. After the wait for a
// sign-up form it is rebuilt from what was stored.
func (c *candidate) publicIdentity() *provider.Identity {
	if c.identity != nil {
		return c.identity
	}
	id := &provider.Identity{UID: c.UID, Username: c.Username, FirstName: c.FirstName, LastName: c.LastName, Token: c.Token}
	for _, e := range c.Emails {
		id.Emails = append(id.Emails, provider.Email{Address: e.Email, Verified: e.Verified})
	}
	if err := json.Unmarshal(c.ExtraData, &id.ExtraData); err != nil {
		id.ExtraData = nil // the profile is optional
	}
	return id
}
