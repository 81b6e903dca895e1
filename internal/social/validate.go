package social

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
)

// Defaults of the durations.
const (
	defaultRequestsTimeout = 5 * time.Second
	defaultStateTimeout    = 10 * time.Minute
	defaultSignupTimeout   = 30 * time.Minute
)

// WithDefaults returns a copy in which every zero field has its default. Nil
// stays nil.
func WithDefaults(c *socialaccount.Config) *socialaccount.Config {
	if c == nil {
		return nil
	}
	copied := *c
	for field, value := range map[*time.Duration]time.Duration{
		&copied.RequestsTimeout: defaultRequestsTimeout, &copied.StateTimeout: defaultStateTimeout,
		&copied.SignupTimeout: defaultSignupTimeout,
	} {
		if *field == 0 {
			*field = value
		}
	}
	if copied.OpenIDConnectCallbackPath == "" {
		copied.OpenIDConnectCallbackPath = copied.CallbackPath
	}
	if copied.Only && copied.EmailVerification == nil {
		copied.EmailVerification = new(authn.VerificationNone)
	}
	return &copied
}

// Validate reports the first field that can not be right. Nil is valid.
func Validate(c *socialaccount.Config) error {
	if c == nil {
		return nil
	}
	switch {
	case c.EmailVerification != nil && (*c.EmailVerification < authn.VerificationMandatory || *c.EmailVerification > authn.VerificationNone):
		return errors.New("SocialAccount.EmailVerification is unknown; use one of the Verification constants")
	case c.Only && *c.EmailVerification != authn.VerificationNone:
		return errors.New("SocialAccount.Only needs SocialAccount.EmailVerification to be VerificationNone; there is no other way in for somebody who waits for a mail")
	case c.RequestsTimeout < 0:
		return errors.New("SocialAccount.RequestsTimeout is negative; leave it zero for 5 seconds")
	case c.StateTimeout < 0:
		return errors.New("SocialAccount.StateTimeout is negative; leave it zero for 10 minutes")
	case c.SignupTimeout < 0:
		return errors.New("SocialAccount.SignupTimeout is negative; leave it zero for 30 minutes")
	}
	if err := validatePath("CallbackPath", c.CallbackPath); err != nil {
		return err
	}
	if err := validatePath("OpenIDConnectCallbackPath", c.OpenIDConnectCallbackPath); err != nil {
		return err
	}
	return validateApps(c)
}

func validatePath(field, path string) error {
	if path == "" {
		return nil
	}
	if !strings.HasPrefix(path, "/") || strings.Count(path, "{id}") != 1 || strings.ContainsAny(path, "?#%") {
		return fmt.Errorf("SocialAccount.%s %q is not a path with one {id}; use one like %s", field, path, socialaccount.DjangoCallbackPath)
	}
	return nil
}

func validateApps(c *socialaccount.Config) error {
	seen := map[string]bool{}
	for i, app := range c.Providers {
		if app.Provider == "" {
			return fmt.Errorf("SocialAccount.Providers[%d].Provider is empty; name an entry of the catalogue, like google", i)
		}
		_, trust, err := splitSettings(app)
		if err != nil {
			return fmt.Errorf("SocialAccount.Providers[%d].Settings: %w", i, err)
		}
		if trust.hidden {
			continue
		}
		id := publicID(app)
		if seen[id] {
			return fmt.Errorf("SocialAccount.Providers[%d] is the second one with the id %q; set ProviderID, or hidden in its Settings", i, id)
		}
		seen[id] = true
	}
	for i, p := range c.Custom {
		if p == nil {
			return fmt.Errorf("SocialAccount.Custom[%d] is nil; remove it", i)
		}
		id := p.Info().ID
		if _, err := customTrust(c, id); err != nil {
			return err
		}
		if id == "" || seen[id] {
			return fmt.Errorf("SocialAccount.Custom[%d] has the id %q, which is empty or taken; give it another", i, id)
		}
		seen[id] = true
	}
	return nil
}
