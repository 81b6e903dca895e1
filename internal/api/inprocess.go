package api

import (
	"net/http"
)

// ServeInProcess serves a request that a route of the host makes on behalf of its own
// client. r has the headers of the request to that route, and method is the method of that
// request. In place of a CSRF token it checks that a page of this site caused the request,
// as the host's page has no token.
func (h *Handler) ServeInProcess(w http.ResponseWriter, r *http.Request, method string) {
	h.serve(w, r, method)
}

// causedByOwnPage reports whether a page of this site or of a trusted one caused the request
// of the host, which has the method. A request to follow a link does not count, because
// links are in mails and on other sites, too.
func (c *call) causedByOwnPage(method string) bool {
	if isSafe(method) {
		return c.r.Header.Get("Sec-Fetch-Site") == "same-origin"
	}
	return c.originAllowed(c.r) && c.refererAllowed()
}

// isSafe reports whether requests with the method change nothing (RFC 9110 section 9.2.1).
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// IsCrossSite reports whether a page of a site that is not trusted may have caused the
// request, which is not safe.
func (h *Handler) IsCrossSite(r *http.Request) bool {
	c := &call{Handler: h, r: r, ctx: r.Context()}
	return !isSafe(r.Method) && !(c.originAllowed(r) && c.refererAllowed())
}
