package allauth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/allauth-go/allauth/authn"
)

// Answer is what an endpoint answered, see CallEndpoint.
type Answer struct {
	Status int
	// Header has the headers except Set-Cookie, such as Retry-After with 429 and 503,
	// and Location with 302.
	Header http.Header
	// Body is the JSON body, empty with 302.
	Body []byte
	// Errors are the problems of the input with 400, and the reason with 403 and 409 if
	// there is one.
	Errors authn.Errors
	// Pending is the flow of data.flows that waits for the user, like "verify_email",
	// empty if there is none.
	Pending string
}

// CallEndpoint runs an endpoint of the API in process, for hosts that render their own
// pages. path is that below {BasePath}/browser/v1/, like "auth/login", and may have a
// query. body is encoded as JSON; nil is no body, and [url.Values] are a form, for
// auth/provider/redirect. The endpoint sees the cookies, headers, address and user agent
// of r, with all limits, and its cookies are set in w, so CallEndpoint must be called
// before the response is written. Further calls with r still see the cookies of r. For a
// client that sends a token in a header the endpoint is that of apps, and new tokens are
// in the body.
//
// In place of a CSRF token the endpoint checks that r comes from a page of this site or
// of Config.TrustedOrigins, by the headers Sec-Fetch-Site, Origin and Referer. If r is a
// GET, only endpoints that change nothing are called, unless the browser says that a page
// of the same origin caused it. Otherwise the status is 403.
//
// The error is only about arguments from which no request can be made.
func (a *Auth) CallEndpoint(w http.ResponseWriter, r *http.Request, method, path string, body any) (*Answer, error) {
	inner, err := a.innerRequest(r, method, path, body)
	if err != nil {
		return nil, fmt.Errorf("allauth: call endpoint: %w", err)
	}
	recorded := &recorder{header: http.Header{}, status: http.StatusOK}
	a.handler.ServeInProcess(recorded, inner, r.Method)
	for _, name := range []string{"Set-Cookie", "Vary"} {
		for _, value := range recorded.header.Values(name) {
			w.Header().Add(name, value)
		}
	}
	recorded.header.Del("Set-Cookie")
	return recorded.answer(), nil
}

// innerRequest returns a request to an endpoint with the headers of r.
func (a *Auth) innerRequest(r *http.Request, method, path string, body any) (*http.Request, error) {
	target, err := url.Parse(a.cfg.Headless.BasePath + "/" + string(a.kindOf(r)) + "/v1/" + strings.TrimPrefix(path, "/"))
	if err != nil {
		return nil, err
	}
	var text []byte
	contentType := "application/json"
	switch body := body.(type) {
	case nil:
		contentType = ""
	case url.Values:
		text, contentType = []byte(body.Encode()), "application/x-www-form-urlencoded"
	default:
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("encode body: %w", err)
		}
	}
	inner := r.Clone(r.Context())
	inner.Method, inner.URL, inner.RequestURI = method, target, target.RequestURI()
	inner.Body, inner.ContentLength, inner.TransferEncoding = io.NopCloser(bytes.NewReader(text)), int64(len(text)), nil
	inner.Form, inner.PostForm, inner.MultipartForm = nil, nil, nil
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length"} {
		inner.Header.Del(name)
	}
	if contentType != "" {
		inner.Header.Set("Content-Type", contentType)
	}
	return inner, nil
}

// recorder keeps an answer of the API.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) answer() *Answer {
	a := &Answer{Status: r.status, Header: r.header, Body: r.body.Bytes()}
	var body struct {
		Errors authn.Errors
		Data   json.RawMessage
	}
	var data struct {
		Flows []struct {
			ID        string
			IsPending bool `json:"is_pending"`
		}
	}
	if json.Unmarshal(a.Body, &body) != nil { // a redirect, or a public document
		return a
	}
	a.Errors = body.Errors
	if json.Unmarshal(body.Data, &data) != nil { // a list
		return a
	}
	for _, flow := range data.Flows {
		if flow.IsPending {
			a.Pending = flow.ID
		}
	}
	return a
}
