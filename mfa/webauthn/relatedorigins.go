package webauthn

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// maxLabels is how many names of sites browsers must support at least (§5.11). What is
// listed beyond that is ignored by some.
const maxLabels = 5

// IsRelated reports whether an origin is one for RelatedOrigins: that of a page of another
// site, with https.
func (c Config) IsRelated(origin string) bool {
	u, err := url.Parse(canonical(origin))
	return err == nil && u.Scheme == "https" && !within(u.Hostname(), strings.ToLower(c.RPID))
}

// checkRelated returns an error that says why browsers ignore one of the related origins.
func (c Config) checkRelated() error {
	var labels []string
	for _, origin := range c.RelatedOrigins {
		label, err := registrableLabel(origin)
		switch {
		case err != nil:
			return fmt.Errorf("%q is not the origin of a site whose pages can use keys bound to %q: %w", origin, c.RPID, err)
		case !c.IsRelated(origin):
			return fmt.Errorf("%q is an origin of %q itself, or without https; only those of other sites are related", origin, c.RPID)
		case !slices.Contains(labels, label):
			labels = append(labels, label)
		}
	}
	if len(labels) > maxLabels {
		return fmt.Errorf("browsers accept related origins with %d names; there are %d: %s", maxLabels, len(labels), strings.Join(labels, ", "))
	}
	return nil
}

// registrableLabel returns the name that an origin counts by: the first label of its
// registrable domain, such as example of https://www.example.co.uk.
func registrableLabel(origin string) (string, error) {
	u, err := url.Parse(canonical(origin))
	if err != nil {
		return "", err
	}
	if strings.Contains(u.Host, "*") {
		return "", errors.New("it stands for many origins; list each of them")
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname())
	label, _, _ := strings.Cut(domain, ".")
	return label, err
}

// RelatedOrigins returns the origins of other sites whose pages may use keys, as
// browsers write them.
func (rp *RelyingParty) RelatedOrigins() []string { return slices.Clone(rp.cfg.RelatedOrigins) }
