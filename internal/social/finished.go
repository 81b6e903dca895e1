package social

import (
	"context"
	"fmt"
	"strings"

	"github.com/allauth-go/allauth/authn"
)

// A browser that reloads the callback of a finished login, or sends it twice, is
// redirected to where the first response led. Nothing else is done for it.

const purposeFinished = "socialaccount_finished"

// Finished is a login through a provider that came to its end.
type Finished struct {
	// Location is where the browser is redirected.
	Location string
	// state is the parameter of the response, empty if it was not valid.
	state string
}

// finishedID returns the id under which the end of a login is stored, and the secret that
// is needed to read it.
func finishedID(stateParameter string) (id, secret string) {
	id, secret, _ = strings.Cut(stateParameter, ".")
	return "finished-" + id, secret
}

// RememberFinished stores where the browser is redirected, for as long as a state is
// valid.
func (s *Service) RememberFinished(ctx context.Context, f Finished) error {
	if f.state == "" {
		return nil
	}
	id, secret := finishedID(f.state)
	sealed, err := s.deps.Keys.Seal(purposeFinished, []byte(f.Location), []byte(secret))
	if err != nil {
		return err
	}
	if _, err = s.codes.Issue(ctx, authn.Challenge{ID: id, Purpose: purposeFinished, Data: sealed}, secret, s.cfg.StateTimeout); err != nil {
		return fmt.Errorf("store where a login through a provider led: %w", err)
	}
	return nil
}

// finishedBefore returns where the login with that state parameter led, and false if it
// is not known.
func (s *Service) finishedBefore(ctx context.Context, stateParameter string) (location string, known bool) {
	id, secret := finishedID(stateParameter)
	c, err := s.codes.Match(ctx, purposeFinished, id, secret)
	if err != nil {
		return "", false
	}
	text, err := s.deps.Keys.Open(purposeFinished, c.Data, []byte(secret))
	return string(text), err == nil
}
