// Package headless holds the settings of the API that allauth.Auth serves, and its
// OpenAPI document.
//
//	GET  /_allauth/app/v1/config
//	POST /_allauth/browser/v1/auth/login
//
// Every endpoint makes the same checks in the same order: the CSRF token
// (browsers), the session token (apps; 410 if its session has ended), whether a
// user is logged in (401), the method (405), the rate limits (429), the state of
// the flow (409), the form of the body (400), and then those of the flow.
package headless
