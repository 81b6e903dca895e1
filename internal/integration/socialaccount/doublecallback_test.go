package socialaccount_test

import (
	"net/http"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// A browser sends one callback twice, for example when the user reloads the page: the
// login of the first stays, and the second leads to the same page and changes nothing.
func TestADoubleCallbackKeepsTheLogin(t *testing.T) {
	t.Parallel()
	t.Run("one after the other", func(t *testing.T) {
		t.Parallel()
		w := start(t)
		c := w.Client(browser)
		callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
		before := c.Clone()
		if where := w.comeBack(c, callback); where != "/done" {
			t.Fatalf("lands at %s", where)
		}
		session, token := c.Cookie("sessionid"), c.Cookie("csrftoken")
		for name, cookies := range map[string]*clienttest.Client{"with the cookies of before": before, "with those of the login": c} {
			r, err := http.NewRequest(http.MethodGet, callback, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, cookie := range []string{"sessionid", "csrftoken"} {
				r.AddCookie(&http.Cookie{Name: cookie, Value: cookies.Cookie(cookie)})
			}
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close() // it is a redirect
			if response.StatusCode != http.StatusFound || response.Header.Get("Location") != "/done" || len(response.Cookies()) > 0 {
				t.Errorf("the second callback, %s: status %d, to %s, sets %v", name, response.StatusCode, response.Header.Get("Location"), response.Cookies())
			}
		}
		if c.Cookie("sessionid") != session || c.Cookie("csrftoken") != token {
			t.Error("the cookies changed")
		}
		c.Get("auth/session").LoggedIn("ann@example.org")
	})
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		w := start(t)
		for range 10 {
			c := w.Client(browser)
			callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
			tabs := []*clienttest.Client{c.Tab(), c.Tab(), c.Tab()}
			clienttest.Parallel(len(tabs), func(i int) { w.do(tabs[i], http.MethodGet, callback, nil) })
			c.Get("auth/session").LoggedIn("ann@example.org")
			c.Delete("auth/session", nil).Status(401) // and not 403
		}
	})
}
