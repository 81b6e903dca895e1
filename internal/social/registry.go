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

// entry is a provider with the settings of its registration.
type entry struct {
	provider.Provider
	info   provider.Info
	trust  provider.Trust
	hidden bool
}

// registry holds all providers, in the order of the configuration.
type registry []*entry

// publicID returns the id of a registration on the wire.
func publicID(app provider.App) string { return cmp.Or(app.ProviderID, app.Provider) }

// newRegistry builds the providers of a configuration.
func newRegistry(cfg *socialaccount.Config, o Options) (registry, error) {
	var r registry
	for i, app := range cfg.Providers {
		p, err := o.Build(app)
		if errors.Is(err, provider.ErrUnknownClass) {
			return nil, fmt.Errorf("SocialAccount.Providers[%d].Provider: %w; docs/providers.md lists the names", i, err)
		}
		if err == nil {
			err = o.accept(p.Info())
		}
		if err != nil {
			return nil, fmt.Errorf("SocialAccount.Providers[%d] (%s): %w", i, publicID(app), err)
		}
		r = append(r, &entry{p, p.Info(), cloneTrust(app.Trust), app.Hidden})
	}
	for i, p := range cfg.Custom {
		info := p.Info()
		if err := o.accept(info); err != nil {
			return nil, fmt.Errorf("SocialAccount.Custom[%d] (%s): %w", i, info.ID, err)
		}
		r = append(r, &entry{p, info, cloneTrust(cfg.CustomTrust[info.ID]), false})
	}
	return r, nil
}

// accept returns an error for a provider that is not for this server.
func (o Options) accept(info provider.Info) error {
	if info.Development && !o.Development {
		return errors.New("everyone could log in as anyone; leave the provider out, or set BaseURL to this machine, like http://localhost:8080")
	}
	return nil
}

// cloneTrust returns a deep copy of t.
func cloneTrust(t provider.Trust) provider.Trust {
	t.VerifiedEmailDomains = slices.Clone(t.VerifiedEmailDomains)
	for _, flag := range []**bool{&t.EmailAuthentication, &t.EmailAuthenticationAutoConnect} {
		if *flag != nil {
			*flag = new(**flag)
		}
	}
	return t
}

// byID returns the provider with that public id that is not hidden, or nil.
func (r registry) byID(id string) *entry {
	i := slices.IndexFunc(r, func(e *entry) bool { return e.info.ID == id && !e.hidden })
	if i < 0 {
		return nil
	}
	return r[i]
}

// errNoApp means that no registration matches, or more than one does.
var errNoApp = errors.New("socialaccount: no such app")

// byClient returns the provider with that client id whose id or class is name, or
// errNoApp.
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

// clientIDs returns all client ids of the provider.
func (e *entry) clientIDs() []string {
	return append(slices.Clone(e.info.ClientIDs), e.info.ClientID)
}

// needsClientID reports whether the provider has a client id.
func (e *entry) needsClientID() bool { return e.info.ClientID != "" || len(e.info.ClientIDs) > 0 }

// usableBy returns the providers through which a kind of client can log in users.
func (r registry) usableBy(kind login.Kind) []*entry {
	var list []*entry
	for _, e := range r {
		if !e.hidden && (kind == login.App && e.info.Token || kind == login.Browser && e.info.Redirect) {
			list = append(list, e)
		}
	}
	return list
}

// isVerified reports whether an address from the provider is verified: the provider
// says so, or the host's Trust does.
func (e *entry) isVerified(address string, verified bool) bool {
	if verified || e.trust.VerifiedEmail {
		return true
	}
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(e.trust.VerifiedEmailDomains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// emailAuthentication reports whether a verified address of this provider logs in the
// user who has the address, and whether the account at the provider is connected then.
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
