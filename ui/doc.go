// Package ui serves pages to log in, to sign up and to manage accounts:
//
//	pages, err := ui.New(auth, ui.Config{})
//	mux.Handle("/account/", pages)
//
// The pages are made of web components on top of a client of the API, which other front
// ends can use, too. See docs/ui.md.
package ui
