package login

import (
	"context"
	"slices"
)

// Offers returns the flows to list for the session: the ways in, the pending
// stage, or, where somebody is logged in, the ways to prove it again.
func (p *Pipeline) Offers(ctx context.Context, s *Session) ([]Offer, error) {
	offers, err := p.entryOffers(ctx, s)
	if err != nil {
		return nil, err
	}
	if l := p.Login(s); l != nil {
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

// entryOffers returns the ways in, or, where the user is logged in, the ways to
// prove it again.
func (p *Pipeline) entryOffers(ctx context.Context, s *Session) ([]Offer, error) {
	if s.Authenticated() {
		return p.reauthenticationOffers(ctx, s)
	}
	var offers []Offer
	for _, room := range p.cfg.Rooms {
		some, err := room.Offers(ctx, s)
		if err != nil {
			return nil, err
		}
		offers = append(offers, some...)
	}
	return offers, nil
}

func (p *Pipeline) describe(ctx context.Context, l *Attempt) (Offer, error) {
	offer := Offer{ID: l.Stage}
	for _, stage := range p.stages {
		if stage.ID == l.Stage && stage.Describe != nil {
			described, err := stage.Describe(ctx, l)
			if err != nil {
				return Offer{}, err
			}
			offer = described
		}
	}
	offer.IsPending = Pending(true)
	return offer, nil
}

// merge puts the pending offer in the place of one with the same id.
func merge(offers []Offer, pending Offer) []Offer {
	for i := range offers {
		if offers[i].ID == pending.ID {
			offers[i] = pending
			return offers
		}
	}
	return append(offers, pending)
}
