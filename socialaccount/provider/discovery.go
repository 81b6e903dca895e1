package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	wellKnown = "/.well-known/openid-configuration"
	// discoveryAge is how long a provider's metadata is used before it is asked
	// for again.
	discoveryAge = time.Hour
)

// metadata is what an OpenID provider publishes of itself (OpenID Connect
// Discovery 1.0, section 3).
type metadata struct {
	Issuer       string   `json:"issuer"`
	AuthURL      string   `json:"authorization_endpoint"`
	TokenURL     string   `json:"token_endpoint"`
	UserInfoURL  string   `json:"userinfo_endpoint"`
	JWKSURL      string   `json:"jwks_uri"`
	AuthMethods  []string `json:"token_endpoint_auth_methods_supported"`
	SigningAlgs  []string `json:"id_token_signing_alg_values_supported"`
	SendsIssuers bool     `json:"authorization_response_iss_parameter_supported"`
}

// discovery fetches the metadata of one provider and keeps it for an hour. Safe
// for concurrent use.
type discovery struct {
	// url is where the metadata is; issuer is what it must name.
	url, issuer string
	client      *http.Client
	now         func() time.Time

	mu      sync.Mutex
	found   *metadata
	fetched time.Time
}

// newDiscovery takes the address of the issuer, or that of its metadata.
func newDiscovery(serverURL string, client *http.Client, now func() time.Time) (*discovery, error) {
	u, err := url.Parse(serverURL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("Settings[\"server_url\"] %q is not a URL; use the issuer, like https://id.example.com", serverURL)
	}
	if err := checkEndpoint(u); err != nil {
		return nil, fmt.Errorf("Settings[\"server_url\"] %q is not encrypted; use https", serverURL)
	}
	d := &discovery{client: client, now: now}
	if issuer, _, found := strings.Cut(serverURL, "/.well-known/"); found {
		d.url, d.issuer = serverURL, issuer
	} else {
		d.issuer = strings.TrimSuffix(serverURL, "/")
		d.url = d.issuer + wellKnown
	}
	return d, nil
}

// get returns the metadata. An answer that is out of date is better than none.
func (d *discovery) get(ctx context.Context) (*metadata, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found != nil && d.now().Sub(d.fetched) < discoveryAge {
		return d.found, nil
	}
	found, err := d.fetch(ctx)
	switch {
	case err == nil:
		d.found, d.fetched = found, d.now()
	case d.found == nil:
		return nil, err
	}
	return d.found, nil
}

func (d *discovery) fetch(ctx context.Context) (*metadata, error) {
	var m metadata
	if err := getJSON(ctx, d.client, d.url, &m); err != nil {
		return nil, err
	}
	// Whoever serves metadata that names another issuer could pass for it.
	if strings.TrimSuffix(m.Issuer, "/") != d.issuer {
		return nil, fmt.Errorf("the metadata at %s names the issuer %q: %w", d.url, m.Issuer, ErrInvalid)
	}
	for _, endpoint := range []string{m.AuthURL, m.TokenURL, m.JWKSURL} {
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || checkEndpoint(u) != nil {
			return nil, fmt.Errorf("the metadata at %s has the endpoint %q: %w", d.url, endpoint, ErrInvalid)
		}
	}
	return &m, nil
}

// getJSON fetches a document.
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
	defer func() { _ = response.Body.Close() }() // it has been read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d: %w", address, response.StatusCode, ErrUnavailable)
	}
	if err := json.NewDecoder(response.Body).Decode(v); err != nil {
		return fmt.Errorf("%s does not answer in JSON: %w", address, ErrUnavailable)
	}
	return nil
}
