package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	wellKnown = "/.well-known/openid-configuration"
	// discoveryAge is how long metadata is used before it is requested again,
	// staleAge how long it is used if the provider does not answer, and retryAge
	// the time between two requests to a provider that does not answer.
	discoveryAge = time.Hour
	staleAge     = 24 * time.Hour
	retryAge     = time.Minute
)

// metadata is the metadata of an OpenID provider (OpenID Connect Discovery 1.0,
// section 3). A text may stand for a list or a boolean.
type metadata struct {
	Issuer       string `json:"issuer"`
	AuthURL      string `json:"authorization_endpoint"`
	TokenURL     string `json:"token_endpoint"`
	UserInfoURL  string `json:"userinfo_endpoint"`
	JWKSURL      string `json:"jwks_uri"`
	AuthMethods  any    `json:"token_endpoint_auth_methods_supported"`
	SigningAlgs  any    `json:"id_token_signing_alg_values_supported"`
	SendsIssuers any    `json:"authorization_response_iss_parameter_supported"`
}

// discovery fetches the metadata of a provider and caches it for an hour. It is
// safe for concurrent use.
type discovery struct {
	// url is the URL of the metadata; issuer is the issuer that it must name, without
	// a slash at the end unless the host has set it.
	url, issuer string
	// exact means that the host has set the issuer.
	exact  bool
	client *http.Client
	now    func() time.Time

	found shared[metadata]
	// failed is when a request last failed, in nanoseconds.
	failed atomic.Int64
}

// newDiscovery takes the URL of the issuer, or that of its metadata, and the issuer if
// it is another one.
func newDiscovery(serverURL, issuer string, client *http.Client, now func() time.Time) (*discovery, error) {
	u, err := url.Parse(serverURL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("Settings.ServerURL %q is not a URL; use the issuer, like https://id.example.com", serverURL)
	}
	if err := checkEndpoint(u); err != nil {
		return nil, fmt.Errorf("Settings.ServerURL %q is not encrypted; use https", serverURL)
	}
	d := &discovery{client: client, now: now}
	if base, _, found := strings.Cut(serverURL, "/.well-known/"); found {
		d.url, d.issuer = serverURL, base
	} else {
		d.issuer = strings.TrimSuffix(serverURL, "/")
		d.url = d.issuer + wellKnown
	}
	if issuer != "" {
		d.issuer, d.exact = issuer, true
	}
	return d, nil
}

// get returns the metadata. If the provider does not answer, it returns metadata
// of up to a day. The error is ErrUnavailable.
func (d *discovery) get(ctx context.Context) (*metadata, error) {
	found, fetched := d.found.current()
	age := d.now().Sub(fetched)
	usable := found != nil && age < staleAge
	if usable && (age < discoveryAge || d.now().Sub(time.Unix(0, d.failed.Load())) < retryAge) {
		return found, nil
	}
	fresh, err := d.found.refresh(ctx, d.now, d.fetch)
	switch {
	case err == nil:
		return fresh, nil
	case usable:
		d.failed.Store(d.now().UnixNano())
		return found, nil
	}
	return nil, fmt.Errorf("get metadata: %w: %w", ErrUnavailable, err)
}

func (d *discovery) fetch(ctx context.Context) (*metadata, error) {
	var m metadata
	if err := getJSON(ctx, d.client, d.url, &m); err != nil {
		return nil, err
	}
	// A server that names another issuer in its metadata could impersonate that
	// issuer.
	if m.Issuer != d.issuer && (d.exact || strings.TrimSuffix(m.Issuer, "/") != d.issuer) {
		return nil, fmt.Errorf("the metadata at %s names the issuer %q, not Settings.Issuer or Settings.ServerURL: %w", d.url, m.Issuer, ErrInvalid)
	}
	endpoints := []string{m.AuthURL, m.TokenURL, m.JWKSURL}
	if m.UserInfoURL != "" {
		endpoints = append(endpoints, m.UserInfoURL)
	}
	for _, endpoint := range endpoints {
		if !d.mayName(endpoint) {
			return nil, fmt.Errorf("the metadata at %s has the endpoint %q: %w", d.url, endpoint, ErrInvalid)
		}
	}
	return &m, nil
}

// mayName reports whether requests may be sent to an endpoint of the metadata: it
// is encrypted, and is in our network only if the provider is.
func (d *discovery) mayName(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || checkEndpoint(u) != nil {
		return false
	}
	own, err := url.Parse(d.url)
	return err == nil && (!isInternal(u.Hostname()) || isInternal(own.Hostname()))
}

// algorithms returns the accepted signature algorithms of ID tokens: ours that
// the provider names, or all of ours if it names none of them.
func (m *metadata) algorithms() []string {
	var named []string
	for _, algorithm := range signingAlgorithms {
		if names(m.SigningAlgs, string(algorithm)) {
			named = append(named, string(algorithm))
		}
	}
	return named
}

// names reports whether a member of the metadata is the value, or a list with it.
func names(member any, value string) bool {
	list, _ := member.([]any)
	return member == value || slices.Contains(list, any(value))
}

// getJSON fetches a JSON document.
func getJSON(ctx context.Context, client *http.Client, address string, v any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() { _ = response.Body.Close() }() // the body has been read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d: %w", address, response.StatusCode, ErrUnavailable)
	}
	if err := json.NewDecoder(response.Body).Decode(v); err != nil {
		return fmt.Errorf("%s does not return JSON: %w", address, ErrUnavailable)
	}
	return nil
}
