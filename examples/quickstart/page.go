package main

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed page
var files embed.FS

// policy lets the page load and send nothing elsewhere, and lets no text become
// a script (https://www.w3.org/TR/CSP3/).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// page serves the one page, also under the paths that mails lead to: its script
// looks at the path. Its forms lead to this server, which may send the browser
// on to the origins that are named.
func page(formTargets ...string) http.Handler {
	static, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	server := http.FileServerFS(static)
	forms := "; form-action " + strings.Join(append([]string{"'self'"}, formTargets...), " ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy+forms)
		header.Set("Referrer-Policy", "same-origin") // a key may stand in the address
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/account/") {
			http.ServeFileFS(w, r, static, "index.html")
			return
		}
		server.ServeHTTP(w, r)
	})
}
