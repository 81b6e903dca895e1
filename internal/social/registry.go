package social

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// trust is what the host believes of one provider.
type trust struct {
	emailAuthentication, autoConnect *bool
	// verifiedEmail counts all addresses as verified, verifiedDomains those of
	// some domains.
	verifiedEmail   bool
	verifiedDomains []string
	hidden          bool
}

// entry is a provider with what the host believes of it.
type entry struct {
	provider.Provider
	info  provider.Info
	trust trust
}

// registry is all providers, in the order of the configuration.
type registry []*entry

// publicID is what a registration is called on the wire.
func publicID(app provider.App) string { return cmp.Or(app.ProviderID, app.Provider) }

// splitSettings takes out of an app's settings what this room goes by, and
// leaves those of the provider itself.
func splitSettings(app provider.App) (provider.App, trust, error) {
	var t trust
	rest := maps.Clone(app.Settings)
	for _, name := range slices.Sorted(maps.Keys(app.Settings)) {
		value, known := app.Settings[name], true
		var ok bool
		switch name {
		case "email_authentication":
			t.emailAuthentication, ok = flag(value)
		case "email_authentication_auto_connect":
			t.autoConnect, ok = flag(value)
		case "hidden":
			t.hidden, ok = value.(bool)
		case "verified_email":
			if t.verifiedEmail, ok = value.(bool); !ok {
				t.verifiedDomains, ok = texts(value)
			}
		default:
			known = false
		}
		if !known {
			continue
		}
		if !ok {
			return app, t, fmt.Errorf("%s is a %T; use true or false%s", name, value, orDomains(name))
		}
		delete(rest, name)
	}
	app.Settings = rest
	return app, t, nil
}

func orDomains(name string) string {
	if name == "verified_email" {
		return ", or a list of domains"
	}
	return ""
}

func flag(value any) (*bool, bool) {
	b, ok := value.(bool)
	return &b, ok
}

func texts(value any) ([]string, bool) {
	switch list := value.(type) {
	case []string:
		return list, true
	case []any:
		var out []string
		for _, item := range list {
			text, ok := item.(string)
			if !ok {
				return nil, false
			}
			out = append(out, text)
		}
		return out, true
	}
	return nil, false
}

// newRegistry makes the providers of a configuration by way of build.
func newRegistry(cfg *socialaccount.Config, build func(provider.App) (provider.Provider, error)) (registry, error) {
	var r registry
	for i, app := range cfg.Providers {
		own, trust, err := splitSettings(app)
		if err != nil {
			return nil, fmt.Errorf("SocialAccount.Providers[%d].Settings: %w", i, err)
		}
		p, err := build(own)
		if errors.Is(err, provider.ErrUnknownClass) {
			return nil, fmt.Errorf("SocialAccount.Providers[%d].Provider: %w; docs/providers.md lists the names", i, err)
		}
		if err != nil {
			return nil, fmt.Errorf("SocialAccount.Providers[%d] (%s): %w", i, publicID(app), err)
		}
		r = append(r, &entry{p, p.Info(), trust})
	}
	for _, p := range cfg.Custom {
		trust, err := customTrust(cfg, p.Info().ID)
		if err != nil {
			return nil, err
		}
		r = append(r, &entry{p, p.Info(), trust})
	}
	for id := range cfg.CustomSettings {
		if !slices.ContainsFunc(cfg.Custom, func(p provider.Provider) bool { return p.Info().ID == id }) {
			return nil, fmt.Errorf("SocialAccount.CustomSettings[%q] is for no provider in SocialAccount.Custom; use the id of one", id)
		}
	}
	return r, nil
}

// customTrust reads the settings of a provider that is not in the catalogue.
func customTrust(c *socialaccount.Config, id string) (trust, error) {
	rest, t, err := splitSettings(provider.App{Settings: c.CustomSettings[id]})
	if err != nil {
		return t, fmt.Errorf("SocialAccount.CustomSettings[%q]: %w", id, err)
	}
	for name := range rest.Settings {
		return t, fmt.Errorf("SocialAccount.CustomSettings[%q] holds %q, which is none of this room's settings; remove it", id, name)
	}
	return t, nil
}

// byID returns the provider with that public id, or nil.
func (r registry) byID(id string) *entry {
	i := slices.IndexFunc(r, func(e *entry) bool { return e.info.ID == id && !e.trust.hidden })
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
		found = slices.DeleteFunc(found, func(e *entry) bool { return e.trust.hidden })
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
func (r registry) usableBy(kind flow.Kind) []*entry {
	var list []*entry
	for _, e := range r {
		if !e.trust.hidden && (kind == flow.App && e.info.Token || kind == flow.Browser && e.info.Redirect) {
			list = append(list, e)
		}
	}
	return list
}

// vouches reports whether an address counts as verified: the provider says so,
// or the host does.
func (e *entry) vouches(address string, verified bool) bool {
	if verified || e.trust.verifiedEmail {
		return true
	}
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(e.trust.verifiedDomains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// emailAuthentication reports whether this provider signs in to accounts by
// address, and whether it is connected then.
func (s *Service) emailAuthentication(e *entry) (on, connect bool) {
	on, connect = s.cfg.EmailAuthentication, s.cfg.EmailAuthenticationAutoConnect
	if e.trust.emailAuthentication != nil {
		on = *e.trust.emailAuthentication
	}
	if e.trust.autoConnect != nil {
		connect = *e.trust.autoConnect
	}
	return on, connect
}
