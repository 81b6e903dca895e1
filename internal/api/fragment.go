package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// Some providers put their answer behind the # of the address, which browsers
// keep to themselves. A page brings it here, as parameters.

const fragmentScript = `location.replace(location.pathname + location.search + "&" + (location.hash.slice(1) || "error=access_denied"))`

const fragmentPage = `<!doctype html><meta charset="utf-8"><title>One moment</title><script>` + fragmentScript + `</script>` +
	`<noscript>Turn on JavaScript to go on.</noscript>`

// fragmentPolicy lets the page run its one script.
var fragmentPolicy = func() string {
	sum := sha256.Sum256([]byte(fragmentScript))
	return "default-src 'none'; frame-ancestors 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

func (c *call) writeFragmentPage() {
	c.written = true
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.w.Header().Set("Content-Security-Policy", fragmentPolicy)
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write([]byte(fragmentPage)) // the client may be gone; there is nobody to tell
}
