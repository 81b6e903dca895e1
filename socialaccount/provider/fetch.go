package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// response is what a provider returned.
type response struct {
	host, mediaType string
	body            []byte
}

// fetchJSON sends a request and decodes the JSON object of the response.
func fetchJSON(ctx context.Context, client *http.Client, method, address string, header http.Header, body string) (map[string]any, error) {
	r, err := fetch(ctx, client, method, address, header, body)
	if err != nil {
		return nil, err
	}
	return r.object()
}

// fetch sends a request. It returns ErrInvalid if the provider refuses the request, and
// ErrUnavailable if it fails or does not answer.
func fetch(ctx context.Context, client *http.Client, method, address string, header http.Header, body string) (*response, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: bad address", ErrInvalid)
	}
	request.Header.Set("Accept", "application/json")
	for name, values := range header {
		request.Header[name] = values
	}
	answer, err := client.Do(request)
	if err != nil {
		// The error contains the URL, which may contain a token.
		var network *url.Error
		if errors.As(err, &network) {
			err = network.Err
		}
		return nil, fmt.Errorf("ask %s: %w: %w", request.URL.Host, ErrUnavailable, err)
	}
	defer func() { _ = answer.Body.Close() }() // the body has been read
	switch {
	case unavailable(answer.StatusCode):
		return nil, fmt.Errorf("%s answers %d: %w", request.URL.Host, answer.StatusCode, ErrUnavailable)
	case answer.StatusCode >= http.StatusMultipleChoices:
		return nil, fmt.Errorf("%s answers %d: %w", request.URL.Host, answer.StatusCode, ErrInvalid)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%s ended the response early: %w: %w", request.URL.Host, ErrUnavailable, err)
	}
	mediaType, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")) // empty for an invalid one
	return &response{host: request.URL.Host, mediaType: mediaType, body: text}, nil
}

// isJWT reports whether the response is a signed or encrypted token (RFC 7519 section
// 10.3.1).
func (r *response) isJWT() bool { return r.mediaType == "application/jwt" }

// value decodes JSON, with numbers as they are written.
func (r *response) value() (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil, fmt.Errorf("%s does not return JSON: %w", r.host, ErrInvalid)
	}
	return value, nil
}

// object decodes a JSON object.
func (r *response) object() (map[string]any, error) {
	value, err := r.value()
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the profile is not a JSON object: %w", ErrInvalid)
	}
	return object, nil
}
