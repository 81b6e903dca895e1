package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
)

// maxUID is the longest id of a user, in bytes.
const maxUID = 191

// check refuses an identity without an id that tells users apart.
func (id *Identity) check() error {
	if id.UID == "" || len(id.UID) > maxUID {
		return fmt.Errorf("the provider sent no usable id for its user: %w", ErrInvalid)
	}
	return nil
}

// authorizationCode reads what the provider sent back (RFC 6749, section 4.1.2).
func authorizationCode(values url.Values, param string) (string, error) {
	if param == "" {
		param = "code"
	}
	switch values.Get("error") {
	case "":
	case "access_denied":
		return "", ErrCancelled
	default:
		return "", fmt.Errorf("the provider refused: %w", ErrInvalid)
	}
	if values.Get(param) == "" {
		return "", fmt.Errorf("no code: %w", ErrInvalid)
	}
	return values.Get(param), nil
}

// checkIssuer refuses the answer of another provider, where providers name
// themselves (RFC 9207).
func checkIssuer(values url.Values, m *metadata) error {
	named := values.Get("iss")
	if named != m.Issuer && (named != "" || m.SendsIssuers) {
		return fmt.Errorf("answer of another issuer: %w", ErrInvalid)
	}
	return nil
}

// asInvalid sorts the errors of an exchange: a provider that does not answer is
// not available, everything else proves nothing.
func asInvalid(err error) error {
	var refused *oauth2.RetrieveError
	var network *url.Error
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrInvalid):
		return err
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode >= http.StatusInternalServerError,
		errors.As(err, &network):
		return fmt.Errorf("%w: %w", ErrUnavailable, withoutBody(err))
	}
	return fmt.Errorf("%w: %w", ErrInvalid, withoutBody(err))
}

// withoutBody drops what the provider answered: it may hold anything.
func withoutBody(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		return fmt.Errorf("token endpoint answers %d %s", status, refused.ErrorCode)
	}
	return err
}

// refresh renews a token by its refresh token.
func refresh(ctx context.Context, client *http.Client, config *oauth2.Config, t *oauth2.Token) (*oauth2.Token, error) {
	if t.RefreshToken == "" {
		return nil, fmt.Errorf("no refresh token: %w", ErrInvalid)
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, client)
	fresh, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: t.RefreshToken}).Token()
	if err != nil {
		return nil, asInvalid(err)
	}
	return fresh, nil
}
