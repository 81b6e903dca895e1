package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// Some providers put their response in the fragment of the callback's URL, which browsers
// do not send to the server. A page with a script repeats the request with the fragment
// as parameters.

const fragmentScript = `location.replace(location.pathname + location.search + "&" + (location.hash.slice(1) || "error=access_denied"))`

const fragmentPage = `<!doctype html><meta charset="utf-8"><title>One moment</title><script>` + fragmentScript + `</script>` +
	`<noscript>Turn on JavaScript to go on.</noscript>`

// fragmentPolicy allows the page's script.
var fragmentPolicy = func() string {
	sum := sha256.Sum256([]byte(fragmentScript))
	return "default-src 'none'; frame-ancestors 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

func (c *call) writeFragmentPage() {
	c.written = true
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.w.Header().Set("Content-Security-Policy", fragmentPolicy)
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write([]byte(fragmentPage)) // it fails only if the client has disconnected
}
