package allauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

var errMFAOff = errors.New("allauth: Config.MFA is nil; set it to turn on second factors")

// validateMFA checks MFA, and the settings on which it depends.
func (c Config) validateMFA() error {
	if err := factors.Validate(c.MFA); err != nil {
		return err
	}
	trustsCodes := c.Account.LoginByCode != nil && c.Account.LoginByCode.TrustEnabled
	switch {
	case c.MFA == nil && trustsCodes:
		return errors.New("Account.LoginByCode.TrustEnabled needs MFA, which handles trusted browsers; set MFA to &mfa.Config{}, with an empty SupportedTypes if you want no second factors")
	case c.MFA == nil || !c.MFA.PasskeySignupEnabled:
		return nil
	case c.Account.EmailVerification != authn.VerificationMandatory || c.Account.EmailVerificationByCode == nil:
		return errors.New("MFA.PasskeySignupEnabled needs mandatory verification by code, as a passkey is added after the email address is verified; set Account.EmailVerificationByCode, and Account.EmailVerification to authn.VerificationMandatory")
	}
	return nil
}

// newFactors creates the service of second factors.
func (a *Auth) newFactors(deps *work.Deps, challenges *codes.Challenges, known factors.Accounts) (*factors.Service, error) {
	byCode := a.cfg.Account.LoginByCode
	return factors.New(a.cfg.MFA, a.store, deps, challenges, factors.Options{
		Accounts: known, SiteName: a.cfg.SiteName,
		TrustedOrigins: a.cfg.TrustedOrigins,
		TrustsCodes:    byCode != nil && byCode.TrustEnabled,
	})
}

// RelatedOrigins returns a handler for /.well-known/webauthn of the domain that keys are
// bound to (MFA.WebAuthnRPID). It serves the origins of other sites in
// MFA.WebAuthnOrigins, without which browsers offer no keys on their pages (WebAuthn
// §5.11). It answers with status 404 if there are none.
func (a *Auth) RelatedOrigins() http.Handler {
	var origins []string
	if a.mfa != nil {
		origins = a.mfa.RelatedOrigins()
	}
	text, err := json.Marshal(map[string][]string{"origins": origins})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err != nil || len(origins) == 0 {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(text) // an error means that the client has disconnected
	})
}

// ImportAuthenticator stores an authenticator that the user has in another
// system, and returns its id. It returns [authn.ErrConflict] if the user already
// has an app or recovery codes, or if any user has the key.
func (a *Auth) ImportAuthenticator(ctx context.Context, userID string, in mfa.Imported) (int64, error) {
	if a.mfa == nil {
		return 0, errMFAOff
	}
	id, err := a.mfa.Import(ctx, userID, in)
	if err != nil {
		return 0, fmt.Errorf("allauth: %w", err)
	}
	return id, nil
}

// ExportAuthenticators returns the authenticators of the user with their secrets, in the
// form that ImportAuthenticator takes, to move users to another installation. A person who
// has them can log in as the user: keep them as safe as Config.Secrets. It returns an
// error if one was encrypted with a secret that is not in Config.Secrets.
func (a *Auth) ExportAuthenticators(ctx context.Context, userID string) ([]mfa.Imported, error) {
	if a.mfa == nil {
		return nil, errMFAOff
	}
	list, err := a.mfa.Export(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("allauth: %w", err)
	}
	return list, nil
}
