package provider

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
)

// The golden file holds all that providers receive: where the browser is sent
// with which parameters, how the code is exchanged, and how the profile is
// requested. A change of the file is a change for real providers.
func TestWhatProvidersSee(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	for _, sample := range profiles {
		w := worldOf(t, sample.id, sample.profile)
		if _, err := logIn(t, w, appOf(sample.id), codeOf(sample.id)); err != nil {
			t.Fatalf("%s: %v", sample.id, err)
		}
		fmt.Fprintf(&page, "%s\n\tauthorize %s\n", sample.id, withParams(w.authorization, authorizeParams(w.authorization)))
		for _, r := range w.seen {
			fmt.Fprintf(&page, "\t%s\n", strings.Join(describe(t, r), "\n\t\t"))
		}
	}
	const file = "testdata/wire.golden"
	if *update {
		if err := os.WriteFile(file, []byte(page.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := page.String(); got != string(want) {
		t.Errorf("not what %s says; see what changed with: go test ./socialaccount/provider -run ProvidersSee -update\n%s", file, difference(got, string(want)))
	}
}

// authorizeParams leaves out the parameters that all providers receive, which
// logIn checks.
func authorizeParams(u *url.URL) url.Values {
	query := u.Query()
	for name, same := range map[string]string{"state": testState, "redirect_uri": testBack, "response_type": "code", "code_challenge_method": "S256", "client_id": "client"} {
		if query.Get(name) == same {
			query.Del(name)
		}
	}
	if query.Has("code_challenge") {
		query.Set("code_challenge", "S256")
	}
	return query
}

// withParams returns the URL with its parameters unescaped and sorted.
func withParams(u *url.URL, params url.Values) string {
	plain := *u
	plain.RawQuery = ""
	text := plain.String()
	for _, name := range slices.Sorted(maps.Keys(params)) {
		text += fmt.Sprintf(" %s=%s", name, strings.Join(params[name], "+"))
	}
	return text
}

func describe(t *testing.T, r *http.Request) []string {
	lines := []string{r.Method + " " + withParams(r.URL, r.URL.Query())}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := r.Header.Get(name)
		switch {
		case name == "Accept" && value == "application/json", name == "User-Agent" && value == userAgent:
			continue // the same for all providers
		case strings.HasPrefix(value, "Basic "):
			user, secret, _ := r.BasicAuth()
			value = "Basic " + user + ":" + secret
		}
		lines = append(lines, name+": "+value)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case len(body) == 0:
	case bytes.HasPrefix(body, []byte("{")):
		lines = append(lines, string(body))
	default:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Fatal(err)
		}
		if form.Get("code_verifier") == testVerifier {
			form.Set("code_verifier", "…")
		}
		lines = append(lines, strings.TrimSpace(withParams(&url.URL{}, form)))
	}
	return lines
}

// difference returns the lines that are in one text only.
func difference(got, want string) string {
	var changed []string
	ours, theirs := strings.Split(got, "\n"), strings.Split(want, "\n")
	for _, line := range ours {
		if !slices.Contains(theirs, line) {
			changed = append(changed, "+"+line)
		}
	}
	for _, line := range theirs {
		if !slices.Contains(ours, line) {
			changed = append(changed, "-"+line)
		}
	}
	return strings.Join(changed, "\n")
}
