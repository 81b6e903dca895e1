package api

import (
	"html/template"
	"net/http"
	"net/url"
)

// The provider for development has no server: its page is shown at the callback, which
// then gets the fields of the form.

var dummyPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Name}}</title>
<h1>{{.Name}}</h1>
<p>For development only: log in as anyone.</p>
<form>
<input type="hidden" name="state" value="{{.State}}">
<p><label>Account ID <input name="id" inputmode="numeric" pattern="[0-9]+" required autofocus></label></p>
<p><label>Email address <input name="email" type="email"></label></p>
<p><label><input name="email_verified" type="checkbox"> The address is verified</label></p>
<p><label>Username <input name="username"></label></p>
<p><label>First name <input name="first_name"></label></p>
<p><label>Last name <input name="last_name"></label></p>
<p><button>Log in</button> <button name="error" value="access_denied" formnovalidate>Cancel</button></p>
</form>
</html>
`))

// dummyPolicy allows the form of the page. After the form, browsers also check where its
// response redirects to.
const dummyPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"

func (c *call) writeDummyPage(providerID string, values url.Values) {
	c.written = true
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.w.Header().Set("Content-Security-Policy", dummyPolicy)
	c.w.WriteHeader(http.StatusOK)
	_ = dummyPage.Execute(c.w, struct{ Name, State string }{c.social.NameOf(providerID), values.Get("state")}) // it fails only if the client has disconnected
}
