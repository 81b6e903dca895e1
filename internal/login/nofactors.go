package login

import "context"

// NoFactors is the Factors of a host without second factors.
type NoFactors struct{}

var _ Factors = NoFactors{}

// Offers implements Ways.
func (NoFactors) Offers(context.Context, *Session) ([]Offer, error) { return nil, nil }

// ReauthenticationOffers implements Ways.
func (NoFactors) ReauthenticationOffers(context.Context, *Session) ([]Offer, error) { return nil, nil }

// CanLogIn implements Ways.
func (NoFactors) CanLogIn(context.Context, string, string) (bool, error) { return false, nil }

// Evict implements Ways.
func (NoFactors) Evict(context.Context, string) error { return nil }

// EnterAuthenticate implements Factors.
func (NoFactors) EnterAuthenticate(context.Context, *Session, *Attempt) (Verdict, error) {
	return Pass, nil
}

// EnterTrust implements Factors.
func (NoFactors) EnterTrust(context.Context, *Session, *Attempt) (Verdict, error) { return Pass, nil }

// EnterSignup implements Factors.
func (NoFactors) EnterSignup(context.Context, *Session, *Attempt) (Verdict, error) { return Pass, nil }

// TypesOf implements Factors.
func (NoFactors) TypesOf(context.Context, string) ([]string, error) { return nil, nil }

// EnrollableTypes implements Factors.
func (NoFactors) EnrollableTypes() []string { return nil }

// TrustsForCode implements Factors.
func (NoFactors) TrustsForCode(context.Context, *Session, string) bool { return false }

// Distrust implements Factors.
func (NoFactors) Distrust(context.Context, string) error { return nil }

// BlocksEmail implements Factors.
func (NoFactors) BlocksEmail(context.Context, string) (bool, error) { return false, nil }

// HasAuthenticators implements Factors.
func (NoFactors) HasAuthenticators(context.Context, string) (bool, error) { return false, nil }
