package main

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed page
var files embed.FS

// page serves the one page under every path that mails lead to: its script
// looks at the path. Nothing is loaded from elsewhere.
func page() http.Handler {
	static, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	server := http.FileServerFS(static)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action *; base-uri 'none'; frame-ancestors 'none'")
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
