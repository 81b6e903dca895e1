// Package headless speaks the wire format: it decodes requests, calls the rooms,
// and answers with the envelope that clients know. It holds no policy of its
// own.
//
//	GET  /_allauth/app/v1/config
//	POST /_allauth/browser/v1/auth/login
//
// A request passes the same checks in the same order at every endpoint: the
// CSRF token (browsers), the session token (apps, 410 if it leads nowhere), who
// is logged in (401), the method (405), the limits (429), the state of the flow
// (409), the form of the body (400), and then the flow itself.
package headless
