// Package api serves the headless API. It holds the routes, the forms that they read, and
// the envelope of their answers.
package api
