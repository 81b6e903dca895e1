package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"github.com/allauth-go/allauth"
)

// New returns the handler of the pages, to be mounted at Config.Path. The error names the
// field that is wrong, and the fix. The handler is safe for concurrent use.
func New(auth *allauth.Auth, cfg Config) (http.Handler, error) {
	if auth == nil {
		return nil, errors.New("ui: auth is nil; create it by allauth.New")
	}
	site := auth.Frontend()
	cfg = cfg.withDefaults(site.SiteName)
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	p := &pages{auth: auth, cfg: cfg, site: site, assets: newAssets(cfg.theme())}
	tags := make([]language.Tag, len(site.Languages))
	for i, name := range site.Languages {
		tag, err := language.Parse(name)
		if err != nil {
			return nil, fmt.Errorf("ui: language %q: %w", name, err) // allauth.New has checked it
		}
		tags[i] = tag
	}
	p.matcher = language.NewMatcher(tags)
	p.endpoints = endpoints(auth.OpenAPI(), site.BasePath)
	p.policy = policy(cfg.Logo)
	return p, nil
}

// pages serves the shells of the pages, their assets, and the redirect to providers.
type pages struct {
	auth      *allauth.Auth
	cfg       Config
	site      allauth.Frontend
	assets    *assets
	matcher   language.Matcher
	endpoints []string
	policy    string
}

// endpoints returns the endpoints of the browser API that the document has.
func endpoints(document []byte, base string) []string {
	var doc struct{ Paths map[string]json.RawMessage }
	if err := json.Unmarshal(document, &doc); err != nil {
		panic("ui: the OpenAPI document: " + err.Error()) // the library has made it
	}
	var names []string
	for path := range doc.Paths {
		for _, kind := range []string{"/{client}/v1/", "/browser/v1/"} {
			if name, ok := strings.CutPrefix(path, base+kind); ok {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// policy returns the content security policy: pages load from this host only, and no text
// becomes a script or a style (https://www.w3.org/TR/CSP3/).
func policy(logo string) string {
	images := "'self' data:"
	if u, err := url.Parse(logo); err == nil && u.Host != "" {
		images += " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src " + images + "; font-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

// ServeHTTP implements http.Handler.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, p.cfg.Path)
	if !ok || path != "" && path[0] != '/' {
		http.NotFound(w, r)
		return
	}
	path = strings.Trim(path, "/")
	if path == "provider/redirect" {
		p.redirectToProvider(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	if name, ok := strings.CutPrefix(path, "assets/"); ok {
		p.assets.serve(w, r, name)
		return
	}
	p.serveShell(w, r, path)
}

// shell is what the template of a page shows.
type shell struct {
	Language, Direction, Title, Name, Logo, Assets string
	Modules                                        []string
	Settings                                       string
	Home                                           string
	NoScript                                       string
	NotFound                                       string
}

var shellTemplate = template.Must(template.New("").Parse(`<!doctype html>
<html lang="{{.Language}}" dir="{{.Direction}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{{.Title}} · {{.Name}}</title>
<link rel="stylesheet" href="{{.Assets}}/elements/elements.css">
<link rel="stylesheet" href="{{.Assets}}/theme.css">
{{- if not .NotFound}}{{range .Modules}}
<link rel="modulepreload" href="{{$.Assets}}/{{.}}">
{{- end}}
<script type="module" src="{{.Assets}}/elements/index.js"></script>
{{- end}}
</head>
<body class="allauth-page">
<header><a href="{{.Home}}">{{with .Logo}}<img src="{{.}}" alt="">{{end}}<span>{{.Name}}</span></a></header>
<main>
{{- if .NotFound}}
<div class="allauth" part="screen"><h1 part="heading">{{.NotFound}}</h1></div>
{{- else}}
<allauth-app settings="{{.Settings}}"></allauth-app>
<noscript><p>{{.NoScript}}</p></noscript>
{{- end}}
</main>
</body>
</html>
`))

// serveShell serves the page of a path. Its script shows the screen.
func (p *pages) serveShell(w http.ResponseWriter, r *http.Request, path string) {
	name := p.languageOf(r)
	known := p.textsOf(name)
	data := shell{
		Language: name, Direction: direction(name), Name: p.cfg.Name, Logo: p.cfg.Logo,
		Assets: p.cfg.Path + "/assets/" + p.assets.version, Modules: modules(name), Home: p.homeOf(), NoScript: known["noScript"],
	}
	status := http.StatusOK
	if screen, ok := screenOf(path); ok {
		data.Title = known[textName(screen)+".title"]
	} else {
		status, data.Title, data.NotFound = http.StatusNotFound, known["notFound"], known["notFound"]
	}
	settings, err := json.Marshal(p.settings(name))
	if err != nil {
		panic("ui: settings: " + err.Error()) // they are texts
	}
	data.Settings = string(settings)
	var page bytes.Buffer
	if err := shellTemplate.Execute(&page, data); err != nil {
		panic("ui: shell: " + err.Error()) // the template fits the data
	}
	p.secure(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", name)
	w.Header().Add("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the client may have disconnected
}

func (p *pages) secure(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Security-Policy", p.policy)
	header.Set("Referrer-Policy", "same-origin") // the URL may contain a key
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
}

// settings are those of <allauth-app>, see Settings in elements/ui.js.
func (p *pages) settings(name string) map[string]any {
	return map[string]any{
		"language": name, "siteName": p.cfg.Name, "path": p.cfg.Path, "home": p.cfg.Home, "base": p.site.BasePath,
		"nextOrigins": append([]string{}, p.cfg.NextOrigins...), "signupFields": append([]string{}, p.site.SignupFields...),
		"endpoints": p.endpoints, "csrfCookie": p.site.CSRFCookieName, "providerRedirect": p.cfg.Path + "/provider/redirect",
		"texts": p.cfg.Texts[name],
	}
}

func (p *pages) homeOf() string {
	if p.cfg.Home != "" {
		return p.cfg.Home
	}
	return p.cfg.Path + "/"
}

// languageOf returns the language of the site that fits the request best.
func (p *pages) languageOf(r *http.Request) string {
	_, i := language.MatchStrings(p.matcher, r.Header.Get("Accept-Language"))
	return p.site.Languages[i]
}

// textsOf returns the texts of a language, with those of the host.
func (p *pages) textsOf(name string) map[string]string {
	all := map[string]string{}
	base, _, _ := strings.Cut(name, "-")
	for _, replaced := range []map[string]string{texts["en"], texts[base], p.cfg.Texts[name]} {
		for key, text := range replaced {
			all[key] = text
		}
	}
	return all
}

// direction returns the direction of the script of a language.
func direction(name string) string {
	tag, err := language.Parse(name)
	if err != nil {
		return "ltr"
	}
	script, _ := tag.Script()
	if slices.Contains([]string{"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm"}, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// textName returns the name of a screen in names of texts: recoveryCodes for
// recovery-codes.
func textName(screen string) string {
	var b strings.Builder
	upper := false
	for _, c := range screen {
		if c == '-' {
			upper = true
			continue
		}
		if upper {
			c = unicode.ToUpper(c)
		}
		b.WriteRune(c)
		upper = false
	}
	return b.String()
}

var redirectTemplate = template.Must(template.New("").Parse(
	`<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={{.}}"><title>…</title></html>`))

// redirectToProvider sends the browser to a provider, or back with an error. Browsers
// apply form-action to the redirects that answer a form, so the answer is a page that goes
// there: the policy need not list all providers.
func (p *pages) redirectToProvider(w http.ResponseWriter, r *http.Request) {
	p.secure(w)
	if r.Method != http.MethodPost {
		http.Redirect(w, r, p.cfg.Path+"/", http.StatusSeeOther)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	answer, err := p.auth.CallEndpoint(w, r, http.MethodPost, "auth/provider/redirect", r.PostForm)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	location := answer.Header.Get("Location")
	if location == "" {
		http.Redirect(w, r, p.cfg.Path+"/provider/callback?error=unknown", http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = redirectTemplate.Execute(w, location) // the client may have disconnected
}

// maxForm is the largest form to accept, in bytes.
const maxForm = 64 << 10
