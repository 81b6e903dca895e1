package login

import (
	"context"
	"slices"
)

// ReauthenticatesBy reports whether the logged-in user can reauthenticate by that
// flow.
func (p *Pipeline) ReauthenticatesBy(ctx context.Context, s *Session, id string) (bool, error) {
	offers, err := p.reauthenticationOffers(ctx, s)
	return slices.ContainsFunc(offers, func(o Offer) bool { return o.ID == id }), err
}

// OnlyReauthenticatesBy reports whether the logged-in user can reauthenticate by no
// other flow.
func (p *Pipeline) OnlyReauthenticatesBy(ctx context.Context, s *Session, id string) (bool, error) {
	offers, err := p.reauthenticationOffers(ctx, s)
	return !slices.ContainsFunc(offers, func(o Offer) bool { return o.ID != id && o.ID != FlowPasswordResetByCode }), err
}

// reauthenticationOffers returns the flows by which the logged-in user can
// reauthenticate. Users with a second factor cannot do so by a code, as access to a
// mailbox must not replace the second factor.
func (p *Pipeline) reauthenticationOffers(ctx context.Context, s *Session) ([]Offer, error) {
	var offers []Offer
	for _, ways := range p.ways {
		some, err := ways.ReauthenticationOffers(ctx, s)
		if err != nil {
			return nil, err
		}
		offers = append(offers, some...)
	}
	if slices.ContainsFunc(offers, func(o Offer) bool { return o.ID == FlowMFAReauthenticate }) {
		offers = slices.DeleteFunc(offers, func(o Offer) bool { return o.ID == StageLoginByCode })
	}
	return offers, nil
}

// LocksOut calls f, which removes ways in, and reports whether the user could log in
// before and cannot afterwards.
func (p *Pipeline) LocksOut(ctx context.Context, userID string, f func() error) (bool, error) {
	before, err := p.CanLogIn(ctx, userID, "")
	if err != nil {
		return false, err
	}
	if err := f(); err != nil {
		return false, err
	}
	after, err := p.CanLogIn(ctx, userID, "")
	return before && !after, err
}

// CanLogIn reports whether the user has a way in other than the one named by except.
func (p *Pipeline) CanLogIn(ctx context.Context, userID, except string) (bool, error) {
	for _, ways := range p.ways {
		ok, err := ways.CanLogIn(ctx, userID, except)
		if err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}
