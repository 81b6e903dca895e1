package factors

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/mfa"
)

// PublicConfig is the part of GET config that this room tells.
type PublicConfig struct {
	SupportedTypes      []mfa.Type `json:"supported_types"`
	PasskeyLoginEnabled bool       `json:"passkey_login_enabled"`
}

// Room shows the service to the kernel.
func (s *Service) Room() login.Room { return room{s} }

type room struct{ *Service }

// Stages implements login.Room.
func (r room) Stages() []login.Stage {
	return []login.Stage{
		{ID: login.StageMFAAuthenticate, Enter: r.enterAuthenticate, Describe: r.describeAuthenticate},
		{ID: login.StageMFATrust, Enter: r.enterTrust},
		{ID: login.StageMFASignupWebAuthn, Enter: r.enterSignup},
	}
}

// enterAuthenticate is the stage that waits for a second factor.
func (r room) enterAuthenticate(ctx context.Context, sess *login.Session, l *login.Attempt) (login.Verdict, error) {
	if l.UserID == "" {
		return login.Pass, nil
	}
	rows, err := r.rows(ctx, l.UserID)
	if err != nil {
		return login.Abort, err
	}
	// The note belongs to this login. A passkey that was shown for another one,
	// in the same session, proves nothing here.
	if !slices.ContainsFunc(rows, isMain) || l.Passkey {
		return login.Pass, nil
	}
	if r.trustsForFactor(ctx, sess, l.UserID) {
		return login.Pass, nil
	}
	return login.Wait, nil
}

func (r room) describeAuthenticate(ctx context.Context, l *login.Attempt) (login.Offer, error) {
	rows, err := r.rows(ctx, l.UserID)
	return login.Offer{ID: login.StageMFAAuthenticate, Types: typesOf(rows)}, err
}

// Offers implements login.Room.
func (r room) Offers(context.Context, *login.Session) ([]login.Offer, error) {
	if !r.cfg.PasskeyLoginEnabled {
		return nil, nil
	}
	return []login.Offer{{ID: login.FlowMFALoginWebAuthn}}, nil
}

// ReauthenticationOffers implements login.Room.
func (r room) ReauthenticationOffers(ctx context.Context, sess *login.Session) ([]login.Offer, error) {
	rows, err := r.rows(ctx, sess.UserID())
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return []login.Offer{{ID: login.FlowMFAReauthenticate, Types: typesOf(rows)}}, nil
}

// CanLogIn implements login.Room: by a passkey.
func (r room) CanLogIn(ctx context.Context, userID, _ string) (bool, error) {
	if !r.cfg.PasskeyLoginEnabled {
		return false, nil
	}
	rows, err := r.rows(ctx, userID)
	if err != nil {
		return false, err
	}
	for _, a := range rows {
		if a.Type != mfa.WebAuthn {
			continue
		}
		key, err := r.key(&a)
		if err != nil {
			return false, err
		}
		if isPasskey(key) {
			return true, nil
		}
	}
	return false, nil
}

// Evict implements login.Room. Where accounts with an unverified address can not
// have authenticators, the owner of the address did not make those that there
// are: all go. Where they can, a second factor may well be the owner's, and a
// mailbox alone must not get past it: it stays, but no passkey opens the account
// by itself any more.
func (r room) Evict(ctx context.Context, userID string) error {
	for _, purpose := range []string{purposeSetup, string(ceremonyAdd), string(ceremonySignup)} {
		if err := r.codes.Store.DeleteUserChallenges(ctx, purpose, userID); err != nil {
			return fmt.Errorf("void challenges: %w", err)
		}
	}
	rows, err := r.rows(ctx, userID)
	if err != nil {
		return err
	}
	for _, a := range rows {
		if !r.cfg.AllowUnverifiedEmail {
			err = r.store.DeleteAuthenticator(ctx, userID, a.ID)
		} else if a.Type == mfa.WebAuthn {
			err = r.demote(ctx, &a)
		}
		if err != nil && !errors.Is(err, authn.ErrNotFound) {
			return err
		}
	}
	return nil
}

// PublicConfig implements login.Room.
func (r room) PublicConfig(context.Context) (string, any) {
	return "mfa", PublicConfig{r.cfg.SupportedTypes, r.cfg.PasskeyLoginEnabled}
}
