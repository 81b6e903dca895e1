package social

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// entry is a provider with what the host believes of it.
type entry struct {
	provider.Provider
	info   provider.Info
	trust  provider.Trust
	hidden bool
}

// registry is all providers, in the order of the configuration.
type registry []*entry

// publicID is what a registration is called on the wire.
func publicID(app provider.App) string { return cmp.Or(app.ProviderID, app.Provider) }

// newRegistry makes the providers of a configuration by way of build.
func newRegistry(cfg *socialaccount.Config, build func(provider.App) (provider.Provider, error)) (registry, error) {
	var r registry
	for i, app := range cfg.Providers {
		p, err := build(app)
		if errors.Is(err, provider.ErrUnknownClass) {
			return nil, fmt.Errorf("SocialAccount.Providers[%d].Provider: %w; docs/providers.md lists the names", i, err)
		}
		if err != nil {
			return nil, fmt.Errorf("SocialAccount.Providers[%d] (%s): %w", i, publicID(app), err)
		}
		r = append(r, &entry{p, p.Info(), cloneTrust(app.Trust), app.Hidden})
	}
	for _, p := range cfg.Custom {
		info := p.Info()
		r = append(r, &entry{p, info, cloneTrust(cfg.CustomTrust[info.ID]), false})
	}
	return r, nil
}

// cloneTrust returns a copy that shares nothing with t.
func cloneTrust(t provider.Trust) provider.Trust {
	t.VerifiedEmailDomains = slices.Clone(t.VerifiedEmailDomains)
	for _, flag := range []**bool{&t.EmailAuthentication, &t.EmailAuthenticationAutoConnect} {
		if *flag != nil {
			*flag = new(**flag)
		}
	}
	return t
}

// byID returns the provider with that public id, or nil.
func (r registry) byID(id string) *entry {
	i := slices.IndexFunc(r, func(e *entry) bool { return e.info.ID == id && !e.hidden })
	if i < 0 {
		return nil
	}
	return r[i]
}

// errNoApp means that no registration, or more than one, fits.
var errNoApp = errors.New("socialaccount: no such app")

// byClient returns the provider that a client names by its id or class and a
// client id.
func (r registry) byClient(name, clientID string) (*entry, error) {
	var found []*entry
	for _, e := range r {
		if (e.info.ID == name || e.info.Class == name) && slices.Contains(e.clientIDs(), clientID) {
			found = append(found, e)
		}
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(e *entry) bool { return e.hidden })
	}
	if len(found) != 1 {
		return nil, errNoApp
	}
	return found[0], nil
}

func (e *entry) clientIDs() []string {
	return append(slices.Clone(e.info.ClientIDs), e.info.ClientID)
}

// needsClientID is false for providers that have no client id at all.
func (e *entry) needsClientID() bool { return e.info.ClientID != "" || len(e.info.ClientIDs) > 0 }

// usableBy returns the providers that a kind of client can do something with.
func (r registry) usableBy(kind login.Kind) []*entry {
	var list []*entry
	for _, e := range r {
		if !e.hidden && (kind == login.App && e.info.Token || kind == login.Browser && e.info.Redirect) {
			list = append(list, e)
		}
	}
	return list
}

// verifies reports whether an address counts as verified: the provider says so,
// or the host does.
func (e *entry) verifies(address string, verified bool) bool {
	if verified || e.trust.VerifiedEmail {
		return true
	}
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(e.trust.VerifiedEmailDomains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// emailAuthentication reports whether this provider signs in to accounts by
// address, and whether it is connected then.
func (s *Service) emailAuthentication(e *entry) (on, connect bool) {
	on, connect = s.cfg.EmailAuthentication, s.cfg.EmailAuthenticationAutoConnect
	if e.trust.EmailAuthentication != nil {
		on = *e.trust.EmailAuthentication
	}
	if e.trust.EmailAuthenticationAutoConnect != nil {
		connect = *e.trust.EmailAuthenticationAutoConnect
	}
	return on, connect
}
