package provider

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// An access token in a URL ends in the logs of servers and proxies. It is sent in
// one only where the entry says why the provider takes it nowhere else.
func TestNoAccessTokenIsInAURL(t *testing.T) {
	t.Parallel()
	for _, sample := range profiles {
		e, w := entryOf(t, sample.id), worldOf(t, sample.id, sample.profile)
		if _, err := logIn(t, w, appOf(sample.id), codeOf(sample.id)); err != nil {
			t.Fatalf("%s: %v", sample.id, err)
		}
		showToken(t, w, sample.id)
		switch i := slices.IndexFunc(w.seen, func(r *http.Request) bool { return hasToken(r.URL) }); {
		case i >= 0 && e.tokenReason == "":
			t.Errorf("%s receives the access token in the URL %s", sample.id, w.seen[i].URL)
		case i < 0 && e.tokenReason != "":
			t.Errorf("%s has a reason for an access token in a URL, and receives none", sample.id)
		}
	}
}

// showToken sends the provider a token that an app got, if it takes any.
func showToken(t *testing.T, w *world, id string) {
	t.Helper()
	p, err := New(appOf(id), Deps{Transport: w, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	if p.Info().Token {
		_, _ = p.VerifyToken(t.Context(), Tokens{ClientID: "client", AccessToken: "at"}) // the requests count
	}
}

// hasToken reports whether the token of the samples is a segment of the path or a
// value of the query.
func hasToken(u *url.URL) bool {
	found := slices.Contains(strings.Split(u.Path, "/"), "at")
	for _, values := range u.Query() {
		found = found || slices.Contains(values, "at")
	}
	return found
}
