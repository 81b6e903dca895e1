// Package session loads and stores the sessions of clients, as package sessions
// configures them.
package session
