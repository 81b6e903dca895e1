package webauthn

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	library "github.com/go-webauthn/webauthn/webauthn"
	"golang.org/x/net/idna"
)

// ErrRejected means that a response could not be verified. It is wrapped with the
// reason.
var ErrRejected = errors.New("webauthn: rejected")

// ErrCloned means that a response is valid except for its signature counter,
// which went backwards: two devices have the key's secret.
var ErrCloned = fmt.Errorf("webauthn: signature counter went backwards: %w", ErrRejected)

// Config describes the relying party.
type Config struct {
	// RPID is the domain that keys are bound to.
	RPID string
	// RPName is the name that users see when they add a key.
	RPName string
	// Origins are the origins of the pages and apps that may use keys.
	Origins []string
	// RelatedOrigins are the origins of other sites whose pages may use keys (§5.11).
	// Browsers accept those of at most five names, such as example of both
	// https://example.com and https://www.example.co.uk, and only if
	// https://RPID/.well-known/webauthn lists them.
	RelatedOrigins []string
	// Hints are the kinds of authenticators that browsers offer first, in order:
	// security-key, client-device, hybrid (§5.8.7). Nil: browsers decide.
	Hints []string
	// DeviceBound refuses new keys that can be backed up, and responses in which a key
	// says otherwise than before. Nothing attests what a key says.
	DeviceBound bool
	// AllowInsecureOrigin accepts every origin whose host is RPID or a subdomain
	// of it, with any scheme and port.
	AllowInsecureOrigin bool
}

// CheckOrigin returns an error that says why keys bound to RPID do not work on
// pages of the origin, or nil if they do. The origin of an app has no host.
func (c Config) CheckOrigin(origin string) error {
	u, err := url.Parse(canonical(origin))
	switch {
	case err != nil:
		return fmt.Errorf("%q is not an origin: %w", origin, err)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil
	case strings.Contains(u.Host, "*"):
		return fmt.Errorf("%q stands for many origins; list each of them", origin)
	case !within(u.Hostname(), strings.ToLower(c.RPID)):
		return fmt.Errorf("keys bound to %q do not work on %q, which is neither that domain nor below it", c.RPID, origin)
	case u.Scheme == "http" && !within(u.Hostname(), "localhost") && !c.AllowInsecureOrigin:
		return fmt.Errorf("browsers offer no keys on %q; use https, or localhost", origin)
	}
	return nil
}

// RelyingParty creates options and verifies responses. It is safe for concurrent
// use.
type RelyingParty struct {
	cfg      Config
	verifier *library.WebAuthn
}

// New returns a relying party. The error says what is wrong with RPID, Origins or
// RelatedOrigins.
func New(cfg Config) (*RelyingParty, error) {
	cfg.RPID = strings.ToLower(cfg.RPID)
	if err := protocol.ValidateRPID(cfg.RPID); err != nil {
		return nil, fmt.Errorf("%q is not a domain that keys can be bound to; use one like example.com, or localhost: %w", cfg.RPID, err)
	}
	if len(cfg.Origins)+len(cfg.RelatedOrigins) == 0 {
		return nil, errors.New("there is no origin whose pages may use keys")
	}
	cfg.Origins = slices.Clone(cfg.Origins)
	for i, origin := range cfg.Origins {
		if err := cfg.CheckOrigin(origin); err != nil {
			return nil, err
		}
		cfg.Origins[i] = canonical(origin)
	}
	if err := cfg.checkRelated(); err != nil {
		return nil, err
	}
	cfg.RelatedOrigins = slices.Clone(cfg.RelatedOrigins)
	for i, origin := range cfg.RelatedOrigins {
		cfg.RelatedOrigins[i] = canonical(origin)
	}
	cfg.Origins = append(cfg.Origins, cfg.RelatedOrigins...)
	verifier, err := library.New(&library.Config{
		RPID: cfg.RPID, RPDisplayName: cfg.RPName, RPOrigins: cfg.Origins,
		// Extensions that were not requested are ignored.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, err
	}
	return &RelyingParty{cfg, verifier}, nil
}

// ID returns the domain that keys are bound to.
func (rp *RelyingParty) ID() string { return rp.cfg.RPID }

// canonical returns an origin as browsers send it: in lower case, with the letters of
// other scripts in Punycode, and without the default port of the scheme (RFC 6454 §6.2).
// The origin of an app is returned unchanged.
func canonical(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return origin
	}
	host := strings.TrimSuffix(strings.ToLower(u.Host), ":")
	if ascii, err := idna.Lookup.ToASCII(u.Hostname()); err == nil && ascii != u.Hostname() {
		host = ascii
		if port := u.Port(); port != "" {
			host += ":" + port
		}
	}
	switch u.Scheme { // already in lower case
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// allows reports whether pages of an origin, in the form that browsers send, may
// use keys.
func (rp *RelyingParty) allows(origin string) bool {
	if slices.Contains(rp.cfg.Origins, origin) {
		return true
	}
	if !rp.cfg.AllowInsecureOrigin {
		return false
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && within(u.Hostname(), rp.cfg.RPID) && origin == u.Scheme+"://"+u.Host
}

// within reports whether host is the domain or a subdomain of it.
func within(host, domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }

// reject returns an error with the reason of a rejection.
func reject(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRejected, fmt.Errorf(format, args...))
}

// guard turns a panic into a rejection of the response that caused it.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = reject("verification failed: %v", p)
	}
}
