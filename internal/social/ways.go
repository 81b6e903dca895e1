package social

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// PublicProvider is a provider as the API shows it.
type PublicProvider struct {
	ID                     string   `json:"id"`
	Name                   string   `json:"name"`
	Flows                  []string `json:"flows"`
	ClientID               string   `json:"client_id,omitempty"`
	OpenIDConfigurationURL string   `json:"openid_configuration_url,omitempty"`
}

// Public returns a provider as the API shows it.
func Public(info provider.Info) PublicProvider {
	p := PublicProvider{
		ID: info.ID, Name: info.Name, Flows: []string{},
		ClientID: info.ClientID, OpenIDConfigurationURL: info.OpenIDConfigurationURL,
	}
	if info.Redirect {
		p.Flows = append(p.Flows, login.FlowProviderRedirect)
	}
	if info.Token {
		p.Flows = append(p.Flows, login.FlowProviderToken)
	}
	return p
}

// PublicConfig is the member socialaccount of GET config.
type PublicConfig struct {
	Providers []PublicProvider `json:"providers"`
}

// PublicConfig returns the member socialaccount of GET config: the providers that a kind
// of client can use, sorted by name.
func (s *Service) PublicConfig(kind login.Kind) PublicConfig {
	c := PublicConfig{Providers: []PublicProvider{}}
	for _, e := range s.providers.usableBy(kind) {
		c.Providers = append(c.Providers, Public(e.info))
	}
	slices.SortStableFunc(c.Providers, func(a, b PublicProvider) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// Offers implements login.Ways.
func (s *Service) Offers(ctx context.Context, sess *login.Session) ([]login.Offer, error) {
	usable := s.providers.usableBy(sess.Kind)
	if len(usable) == 0 {
		return nil, nil
	}
	offers := offer(nil, login.FlowProviderRedirect, usable, func(*entry) bool { return sess.Kind == login.Browser })
	offers = offer(offers, login.FlowProviderToken, usable, func(e *entry) bool { return e.info.Token })
	_, c, err := s.pendingSignup(ctx, sess)
	if errors.Is(err, work.ErrNotPending) {
		return offers, nil
	}
	if err != nil {
		return nil, err
	}
	return append(offers, login.Offer{
		ID: login.FlowProviderSignup, Provider: Public(c.entry.info), IsPending: login.Pending(true),
	}), nil
}

// offer appends a flow with the providers for which has returns true, if there are any.
func offer(offers []login.Offer, id string, list []*entry, has func(*entry) bool) []login.Offer {
	var ids []string
	for _, e := range list {
		if has(e) {
			ids = append(ids, e.info.ID)
		}
	}
	if len(ids) == 0 {
		return offers
	}
	return append(offers, login.Offer{ID: id, Providers: ids})
}

// ReauthenticationOffers implements login.Ways. It offers the providers at which the
// user has an account.
func (s *Service) ReauthenticationOffers(ctx context.Context, sess *login.Session) ([]login.Offer, error) {
	accounts, err := s.store.SocialAccountsByUser(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	has := func(e *entry) bool {
		return slices.ContainsFunc(accounts, func(a socialaccount.Account) bool { return a.Provider == e.info.ID })
	}
	return offer(nil, login.FlowProviderReauthenticate, s.providers.usableBy(sess.Kind), has), nil
}

// CanLogIn implements login.Ways. except is a provider's id.
func (s *Service) CanLogIn(ctx context.Context, userID, except string) (bool, error) {
	accounts, err := s.store.SocialAccountsByUser(ctx, userID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(accounts, func(a socialaccount.Account) bool { return a.Provider != except && s.isConfigured(a) }), nil
}

// Evict implements login.Ways. It disconnects all accounts.
func (s *Service) Evict(ctx context.Context, userID string) error {
	accounts, err := s.store.SocialAccountsByUser(ctx, userID)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		err := s.store.DeleteSocialAccount(ctx, userID, a.Provider, a.UID)
		if err != nil && !errors.Is(err, authn.ErrNotFound) {
			return err
		}
	}
	return nil
}
