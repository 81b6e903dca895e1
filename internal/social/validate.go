package social

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// WithDefaults returns a copy in which zero fields have their defaults, and nil for
// nil.
func WithDefaults(c *socialaccount.Config) *socialaccount.Config {
	if c == nil {
		return nil
	}
	copied := *c
	copied.RequestsTimeout = cmp.Or(copied.RequestsTimeout, 5*time.Second)
	copied.StateTimeout = cmp.Or(copied.StateTimeout, 10*time.Minute)
	copied.SignupTimeout = cmp.Or(copied.SignupTimeout, 30*time.Minute)
	if copied.Only && copied.EmailVerification == nil {
		copied.EmailVerification = new(authn.VerificationNone)
	}
	return &copied
}

// Validate returns an error for the first invalid field. Nil is valid.
func Validate(c *socialaccount.Config) error {
	if c == nil {
		return nil
	}
	switch {
	case c.EmailVerification != nil && (*c.EmailVerification < authn.VerificationMandatory || *c.EmailVerification > authn.VerificationNone):
		return errors.New("SocialAccount.EmailVerification is unknown; use one of the Verification constants")
	case c.Only && *c.EmailVerification != authn.VerificationNone:
		return errors.New("SocialAccount.Only needs SocialAccount.EmailVerification to be VerificationNone; users whose address is not verified could not log in otherwise")
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
		if err := validateTrust(app.Trust); err != nil {
			return fmt.Errorf("SocialAccount.Providers[%d].Trust: %w", i, err)
		}
		if app.Hidden {
			continue
		}
		id := publicID(app)
		if seen[id] {
			return fmt.Errorf("SocialAccount.Providers[%d] is the second one with the id %q; set ProviderID, or Hidden", i, id)
		}
		seen[id] = true
	}
	for i, p := range c.Custom {
		if p == nil {
			return fmt.Errorf("SocialAccount.Custom[%d] is nil; remove it", i)
		}
		id := p.Info().ID
		if id == "" || seen[id] {
			return fmt.Errorf("SocialAccount.Custom[%d] has the id %q, which is empty or taken; give it another", i, id)
		}
		seen[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(c.CustomTrust)) {
		if !slices.ContainsFunc(c.Custom, func(p provider.Provider) bool { return p.Info().ID == id }) {
			return fmt.Errorf("SocialAccount.CustomTrust[%q] is for no provider in SocialAccount.Custom; use the id of one", id)
		}
		if err := validateTrust(c.CustomTrust[id]); err != nil {
			return fmt.Errorf("SocialAccount.CustomTrust[%q]: %w", id, err)
		}
	}
	return nil
}

// validateTrust returns an error for contradictory or invalid trust.
func validateTrust(t provider.Trust) error {
	if t.VerifiedEmail && len(t.VerifiedEmailDomains) > 0 {
		return errors.New("VerifiedEmailDomains does nothing beside VerifiedEmail, which holds for all domains; leave one of them out")
	}
	for i, domain := range t.VerifiedEmailDomains {
		if domain == "" || strings.ContainsAny(domain, "@*/: \t\r\n") || strings.Trim(domain, ".") != domain {
			return fmt.Errorf("VerifiedEmailDomains[%d] %q is not a domain; use one like example.com", i, domain)
		}
	}
	return nil
}
