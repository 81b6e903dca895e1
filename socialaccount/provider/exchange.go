package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// refusals are the error codes that mean that the user declined.
var refusals = map[string]bool{"access_denied": true, "user_cancelled_login": true, "user_cancelled_authorize": true}

// Refusal returns [ErrCancelled] if the user declined at the provider,
// [ErrInvalid] for any other error in an authorization response (RFC 6749,
// section 4.1.2.1), and nil if there is none.
func Refusal(values url.Values) error {
	switch code := values.Get("error"); {
	case code == "":
		return nil
	case refusals[code]:
		return ErrCancelled
	}
	return fmt.Errorf("the provider refused: %w", ErrInvalid)
}

// authorizationCode returns the code of an authorization response (RFC 6749,
// section 4.1.2).
func authorizationCode(values url.Values, param string) (string, error) {
	if param == "" {
		param = "code"
	}
	if err := Refusal(values); err != nil {
		return "", err
	}
	if len(values[param]) != 1 || values.Get(param) == "" {
		return "", fmt.Errorf("not exactly one code: %w", ErrInvalid)
	}
	return values.Get(param), nil
}

// checkIssuer verifies the iss of an authorization response, if the provider
// sends it (RFC 9207).
func checkIssuer(values url.Values, m *metadata) error {
	named := values.Get("iss")
	if named != m.Issuer && (named != "" || isTrue(m.SendsIssuers)) {
		return fmt.Errorf("iss of the authorization response is not the issuer: %w", ErrInvalid)
	}
	return nil
}

// tokenEndpoint is an endpoint that issues tokens for codes and refresh tokens.
type tokenEndpoint struct {
	client *http.Client
	now    func() time.Time
	// onlyIDToken accepts a response without an access token if it has an ID token.
	onlyIDToken bool
	*oauth2.Config
}

// exchange sends the token request of RFC 6749, section 4.1.3.
func (e tokenEndpoint) exchange(ctx context.Context, code string, options ...oauth2.AuthCodeOption) (*oauth2.Token, error) {
	return e.send(ctx, func(ctx context.Context) (*oauth2.Token, error) { return e.Exchange(ctx, code, options...) })
}

// refresh sends the refresh request of RFC 6749, section 6.
func (e tokenEndpoint) refresh(ctx context.Context, t *oauth2.Token) (*oauth2.Token, error) {
	if t == nil || t.RefreshToken == "" {
		return nil, fmt.Errorf("no refresh token: %w", ErrInvalid)
	}
	return e.send(ctx, func(ctx context.Context) (*oauth2.Token, error) {
		return e.TokenSource(ctx, &oauth2.Token{RefreshToken: t.RefreshToken}).Token()
	})
}

func (e tokenEndpoint) send(ctx context.Context, request func(context.Context) (*oauth2.Token, error)) (*oauth2.Token, error) {
	heard := &jsonRecorder{next: e.client.Transport}
	client := *e.client
	client.Transport = heard
	token, err := request(context.WithValue(ctx, oauth2.HTTPClient, &client))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) || !e.onlyIDToken || !isSet(heard.answer["id_token"]) || isSet(heard.answer["access_token"]) {
			return nil, asInvalid(err)
		}
		token = &oauth2.Token{}
	}
	if heard.answer != nil {
		token = token.WithExtra(heard.answer)
	}
	token.Expiry = expiry(e.now(), token.Extra("expires_in")) // by our clock
	return token, nil
}

// isSet reports whether a member of a response is a text that is not empty.
func isSet(member any) bool {
	text, isText := member.(string)
	return isText && text != ""
}

// maxLifetime is the longest accepted lifetime of a token, in seconds: a century.
const maxLifetime = 100 * 365 * 24 * 3600

// expiry returns when a token expires that lives for so many seconds, rounded down.
// Providers write them as 3600, 3600.0, or "3600". It returns the zero time, which means
// that the expiry is not known, for anything else.
func expiry(now time.Time, seconds any) time.Time {
	number, err := strconv.ParseFloat(strings.TrimSpace(fmt.Sprint(seconds)), 64)
	if err != nil || !(number >= 1 && number <= maxLifetime) {
		return time.Time{}
	}
	return now.Add(time.Duration(number) * time.Second)
}

// shownToken returns an access token that a client sent, with the expiry that its
// provider told, in seconds since 1970. Zero or nil: no expiry.
func shownToken(access string, end any) *oauth2.Token {
	token := &oauth2.Token{AccessToken: access}
	if seconds, err := json.Number(exact(end)).Int64(); err == nil && seconds > 0 {
		token.Expiry = time.Unix(seconds, 0)
	}
	return token
}

// jsonRecorder is a transport that records a JSON response with its numbers as
// written: the ids of some providers have twenty digits. It removes from the response the
// lifetime of the token, which the caller reads by itself, and all members that are not
// texts, as package oauth2 refuses the whole response for a member of another type. What
// is not JSON is declared to be a form, whatever the provider calls it.
type jsonRecorder struct {
	next   http.RoundTripper
	answer map[string]any
}

// RoundTrip implements http.RoundTripper.
func (l *jsonRecorder) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // the body has been read
	if err != nil {
		return nil, err
	}
	mediaType := "application/json"
	if json.Unmarshal(text, numbers(&l.answer)) == nil {
		texts := maps.Clone(l.answer)
		maps.DeleteFunc(texts, func(name string, member any) bool { return name == "expires_in" || !isSet(member) })
		if text, err = json.Marshal(texts); err != nil {
			return nil, err
		}
	} else {
		l.answer, mediaType = nil, "application/x-www-form-urlencoded"
	}
	response.Header.Set("Content-Type", mediaType)
	response.Header.Del("Content-Length")
	response.ContentLength = int64(len(text))
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response, nil
}

// asInvalid converts the errors of a token request: ErrUnavailable if the
// provider does not answer, ErrInvalid otherwise.
func asInvalid(err error) error {
	var refused *oauth2.RetrieveError
	var network *url.Error
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrInvalid):
		return err
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.As(err, &network):
		return fmt.Errorf("token endpoint: %w: %w", ErrUnavailable, network.Err)
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}

// refusal returns the error of a refused token request. It contains nothing of
// the response but the error code, as the rest may be anything.
func refusal(refused *oauth2.RetrieveError) error {
	status, kind := 0, ErrInvalid
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	if unavailable(status) {
		kind = ErrUnavailable
	}
	return fmt.Errorf("token endpoint answers %d %.80q: %w", status, refused.ErrorCode, kind)
}

// unavailable reports whether a status means that the provider is unavailable for
// now.
func unavailable(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests
}
