// Package api serves the headless API: its routes, what they read from a request,
// and the envelope of their answers.
package api
