package login

import (
	"context"
	"slices"
)

// Offer is one entry of data.flows.
type Offer struct {
	ID string `json:"id"`
	// IsPending is left out if it is nil.
	IsPending *bool `json:"is_pending,omitempty"`
	// Types are the authenticator types of a second factor, or those that can be added.
	Types []string `json:"types,omitempty"`
	// Providers are the ids of the providers to choose from.
	Providers []string `json:"providers,omitempty"`
	// Provider is the provider of the pending sign-up.
	Provider any `json:"provider,omitempty"`
}

// Pending returns v as the value of Offer.IsPending.
func Pending(v bool) *bool { return &v }

// Offers returns the flows to list for the session: the ways in and the pending
// stage, or the ways to reauthenticate if a user is logged in.
func (p *Pipeline) Offers(ctx context.Context, s *Session) ([]Offer, error) {
	offers, err := p.entryOffers(ctx, s)
	if err != nil {
		return nil, err
	}
	if l := s.Login(); l != nil {
		pending, err := p.describe(ctx, l)
		if err != nil {
			return nil, err
		}
		offers = merge(offers, pending)
	}
	slices.SortStableFunc(offers, func(a, b Offer) int {
		return slices.Index(offerOrder, a.ID) - slices.Index(offerOrder, b.ID)
	})
	return offers, nil
}

// entryOffers returns the ways in, or the ways to reauthenticate if a user is logged
// in.
func (p *Pipeline) entryOffers(ctx context.Context, s *Session) ([]Offer, error) {
	if s.Authenticated() {
		return p.reauthenticationOffers(ctx, s)
	}
	var offers []Offer
	for _, ways := range p.ways {
		some, err := ways.Offers(ctx, s)
		if err != nil {
			return nil, err
		}
		offers = append(offers, some...)
	}
	return offers, nil
}

func (p *Pipeline) describe(ctx context.Context, l *Attempt) (Offer, error) {
	offer := Offer{ID: l.Stage, IsPending: Pending(true)}
	var err error
	switch l.Stage {
	case StageMFAAuthenticate:
		offer.Types, err = p.cfg.Factors.TypesOf(ctx, l.UserID)
	case StageMFAEnroll:
		offer.Types = p.cfg.Factors.EnrollableTypes()
	}
	return offer, err
}

// merge replaces the offer with the same id by the pending one, or appends it.
func merge(offers []Offer, pending Offer) []Offer {
	for i := range offers {
		if offers[i].ID == pending.ID {
			offers[i] = pending
			return offers
		}
	}
	return append(offers, pending)
}
