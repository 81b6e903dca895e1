package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// fetchJSON sends a request and decodes the JSON object of the response.
func fetchJSON(ctx context.Context, client *http.Client, method, address string, header http.Header, body string) (map[string]any, error) {
	value, err := fetchAny(ctx, client, method, address, header, body)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the profile is not a JSON object: %w", ErrInvalid)
	}
	return object, nil
}

// fetchAny sends a request and decodes the JSON of the response. It returns
// ErrInvalid if the provider refuses the request, and ErrUnavailable if it fails
// or does not answer.
func fetchAny(ctx context.Context, client *http.Client, method, address string, header http.Header, body string) (any, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: bad address", ErrInvalid)
	}
	request.Header.Set("Accept", "application/json")
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := client.Do(request)
	if err != nil {
		// The error contains the URL, which may contain a token.
		var network *url.Error
		if errors.As(err, &network) {
			err = network.Err
		}
		return nil, fmt.Errorf("ask %s: %w: %w", request.URL.Host, ErrUnavailable, err)
	}
	defer func() { _ = response.Body.Close() }() // the body has been read
	switch {
	case unavailable(response.StatusCode):
		return nil, fmt.Errorf("%s answers %d: %w", request.URL.Host, response.StatusCode, ErrUnavailable)
	case response.StatusCode >= http.StatusMultipleChoices:
		return nil, fmt.Errorf("%s answers %d: %w", request.URL.Host, response.StatusCode, ErrInvalid)
	}
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	var value any
	switch err := decoder.Decode(&value); {
	case notJSON(err):
		return nil, fmt.Errorf("%s does not return JSON: %w", request.URL.Host, ErrInvalid)
	case err != nil:
		return nil, fmt.Errorf("%s ended the response early: %w: %w", request.URL.Host, ErrUnavailable, err)
	}
	return value, nil
}

// notJSON reports whether the error means that a text is not JSON, not that it
// could not be read.
func notJSON(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
