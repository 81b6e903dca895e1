package socialaccount_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// byForm is a provider whose callback is a form, which it trusts.
type byForm struct{ redirectOnly }

func (byForm) Info() provider.Info {
	return provider.Info{ID: "form", Class: "form", Name: "Form", Redirect: true, CallbackByPost: true}
}

func (byForm) AuthCodeURL(_ context.Context, a provider.Authorization) (string, error) {
	return "https://form.example.org/?" + url.Values{"state": {a.State}}.Encode(), nil
}

func (byForm) Exchange(_ context.Context, c provider.Callback) (*provider.Identity, error) {
	if c.Values.Get("code") != "good" || c.Values.Get("more") != "" {
		return nil, provider.ErrInvalid
	}
	return &provider.Identity{UID: c.Values.Get("user"), Emails: []provider.Email{{Address: "ann@example.org", Verified: true}}}, nil
}

func TestAnswerByForm(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) { cfg.SocialAccount.Custom = append(cfg.SocialAccount.Custom, byForm{}) })
	c := w.Client(browser)
	state := parameter(t, w.begin(c, "form", "login", "/done"), "state")
	callback := w.URL + "/_allauth/provider/form/callback"
	form := url.Values{"state": {state}, "code": {"good"}, "user": {"Ann Example"}, "more": {"x"}}
	// The browser posts the form across sites, so without its session cookie.
	status, hop := w.do(w.Client(browser), http.MethodPost, callback, form)
	if status != http.StatusSeeOther || strings.Contains(hop, "good") || strings.Contains(hop, "Ann") {
		t.Fatalf("status %d, goes on to %s", status, hop)
	}
	if where := w.comeBack(c, w.URL+hop); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	c.Get("auth/session").LoggedIn("ann@example.org")
	if where := w.comeBack(c, w.URL+hop); where != "/done" {
		t.Fatalf("the second time it lands at %s", where)
	}
}

func TestFormsAreNotTakenFromTheURL(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) { cfg.SocialAccount.Custom = append(cfg.SocialAccount.Custom, byForm{}) })
	callback := w.URL + "/_allauth/provider/form/callback"
	for name, query := range map[string]func(state string) string{
		"plain":    func(state string) string { return "state=" + state + "&code=good&user=eve" },
		"unsealed": func(state string) string { return "form=" + url.QueryEscape("state="+state+"&code=good&user=eve") },
	} {
		c := w.Client(browser)
		state := parameter(t, w.begin(c, "form", "login", "/done"), "state")
		if where := w.comeBack(c, callback+"?"+query(state)); where != w.errorPage() {
			t.Errorf("%s: lands at %s", name, where)
		}
	}
	c := w.Client(browser)
	state := parameter(t, w.begin(c, "form", "login", "/done"), "state")
	_, hop := w.do(c, http.MethodPost, callback, url.Values{"state": {state}, "code": {"good"}, "user": {"ann"}})
	w.Clock.Advance(6 * time.Minute)
	if where := w.comeBack(c, w.URL+hop); where != w.errorPage() {
		t.Errorf("an old form lands at %s", where)
	}
	if status, _ := w.do(c, http.MethodPost, callback, url.Values{"code": {strings.Repeat("x", 7000)}}); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: status %d", status)
	}
	if status, _ := w.do(c, http.MethodPost, callback, url.Values{"code": {strings.Repeat("x", 1<<20)}}); status != http.StatusBadRequest {
		t.Errorf("a huge form: status %d", status)
	}
}
