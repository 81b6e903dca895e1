package api

import (
	"cmp"
	"net/http"
	"strconv"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
)

// otherMethod stands for methods that no route has, as clients may send any text.
const otherMethod = "OTHER"

// operations returns the operations of a path by method. They are made once, as the
// observer sees each request.
func operations(kind login.Kind, path string) map[string]authn.Operation {
	all := map[string]authn.Operation{}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, otherMethod} {
		all[method] = authn.Operation{Kind: authn.OperationEndpoint, Name: method + " " + path, Client: string(kind)}
	}
	return all
}

// observe tells the observer that a request to an endpoint begins, and returns the
// request with the context of the operation.
func (c *call) observe() *http.Request {
	op, ok := c.path.operations[c.r.Method]
	if !ok {
		op = c.path.operations[otherMethod]
	}
	ctx, end := c.work.Observer.Begin(c.ctx, op)
	c.end = end
	if ctx != c.ctx {
		c.ctx, c.r = ctx, c.r.WithContext(ctx)
	}
	return c.r
}

// observed tells the observer that the request has ended. The answer to a panic is
// written later.
func (c *call) observed() {
	switch status := cmp.Or(c.status, http.StatusInternalServerError); status {
	case http.StatusOK:
		c.end("200") // the most frequent ones without an allocation
	case http.StatusUnauthorized:
		c.end("401")
	default:
		c.end(strconv.Itoa(status))
	}
}
