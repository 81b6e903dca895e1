package main

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed page
var files embed.FS

// policy allows the page to load from this server only, and prevents that a text
// becomes a script (https://www.w3.org/TR/CSP3/).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// page serves the page, also at the paths that mails link to; its script reads
// the path. Its forms can be sent to this server, which may redirect to
// formTargets.
func page(formTargets ...string) http.Handler {
	static, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is embedded in the program
	}
	server := http.FileServerFS(static)
	forms := "; form-action " + strings.Join(append([]string{"'self'"}, formTargets...), " ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy+forms)
		header.Set("Referrer-Policy", "same-origin") // the URL may contain a key
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/account/") {
			http.ServeFileFS(w, r, static, "index.html")
			return
		}
		server.ServeHTTP(w, r)
	})
}
