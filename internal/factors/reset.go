package factors

import (
	"context"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/users"
)

// removedMails are the mails to the owner when an authenticator is removed.
var removedMails = map[mfa.Type]string{mfa.TOTP: "mfa/totp_deactivated", mfa.WebAuthn: "mfa/webauthn_removed"}

// Reset removes all authenticators of a user, what is being set up, and the trust in
// browsers, and mails the owner. It runs in a transaction that locks the user.
func (s *Flows) Reset(ctx context.Context, userID string) error {
	for _, purpose := range []string{purposeSetup, string(ceremonyAdd), string(ceremonySignup), trustPurpose} {
		if err := s.codes.Store.DeleteUserChallenges(ctx, purpose, userID); err != nil {
			return err
		}
	}
	rows, err := s.rows(ctx, userID)
	if err != nil {
		return err
	}
	owner, err := s.accounts.Identify(ctx, userID)
	if err != nil {
		return err
	}
	byHost := login.NewSession(login.Browser, authn.Client{})
	for _, a := range rows {
		if err := s.deleteAuthenticator(ctx, a); err != nil {
			return err
		}
		mail := removedMails[a.Type]
		if mail == "" {
			continue
		}
		if err := s.accounts.Notify(ctx, byHost, mail, owner, map[string]any{"AuthenticatorName": a.Name}); err != nil {
			return err
		}
	}
	work.Emit(ctx, userID, users.FactorsReset{})
	return nil
}
