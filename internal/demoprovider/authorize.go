package demoprovider

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed people.html
var files embed.FS

var page = template.Must(template.ParseFS(files, "people.html"))

// showPeople serves the authorization endpoint (RFC 6749 section 3.1): the page on which
// the user picks a person.
func (p *Provider) showPeople(w http.ResponseWriter, r *http.Request) {
	if !p.checkRequest(w, r) {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = page.Execute(w, map[string]any{ // it fails only if the client has disconnected
		"Title": p.cfg.Title, "People": p.cfg.People, "Action": template.URL("/authorize?" + r.URL.RawQuery),
	})
}

// checkRequest reports whether an authorization request is valid. If it is not,
// checkRequest writes an error page and does not redirect the browser.
func (p *Provider) checkRequest(w http.ResponseWriter, r *http.Request) bool {
	query := r.URL.Query()
	back, err := url.Parse(query.Get("redirect_uri"))
	switch {
	case query.Get("client_id") != p.cfg.ClientID:
		http.Error(w, "unknown client_id", http.StatusBadRequest)
	case err != nil || back.Host == "" || back.Scheme != "http" && back.Scheme != "https":
		http.Error(w, "redirect_uri is not an absolute URL", http.StatusBadRequest)
	case query.Get("response_type") != "code":
		http.Error(w, "response_type must be code", http.StatusBadRequest)
	case !strings.Contains(" "+query.Get("scope")+" ", " openid "):
		http.Error(w, "scope must hold openid", http.StatusBadRequest)
	default:
		return true
	}
	return false
}

// pickPerson redirects the browser to the client with a code for the picked person, or
// with access_denied.
func (p *Provider) pickPerson(w http.ResponseWriter, r *http.Request) {
	if !p.checkRequest(w, r) {
		return
	}
	answer := url.Values{"state": {r.URL.Query().Get("state")}, "iss": {p.issuer}}
	person, ok := p.picked(r)
	if !ok {
		answer.Set("error", "access_denied")
	} else {
		code, err := p.newCode(r.URL.Query(), person.claims())
		if err != nil {
			http.Error(w, "no code", http.StatusInternalServerError)
			return
		}
		answer.Set("code", code)
	}
	back, err := url.Parse(r.URL.Query().Get("redirect_uri"))
	if err != nil {
		http.Error(w, "redirect_uri is not a URL", http.StatusBadRequest)
		return
	}
	query := back.Query()
	for name := range answer {
		query.Set(name, answer.Get(name))
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther) //nolint:gosec // it is what this endpoint is for, and nothing but a demo
}

// picked returns the picked person, and false if the user declined.
func (p *Provider) picked(r *http.Request) (Person, bool) {
	if subject := r.PostFormValue("person"); subject != "" {
		for _, person := range p.cfg.People {
			if person.Subject == subject {
				return person, true
			}
		}
		return Person{}, false
	}
	name := strings.TrimSpace(r.PostFormValue("name"))
	if name == "" {
		return Person{}, false
	}
	return Person{
		Subject: "name:" + strings.ToLower(name), Name: name,
		Email: strings.TrimSpace(r.PostFormValue("email")), EmailVerified: r.PostFormValue("verified") != "",
	}, true
}

func (p *Provider) newCode(query url.Values, claims map[string]any) (string, error) {
	code, err := randomText()
	if err != nil {
		return "", err
	}
	now := p.cfg.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = grant{
		claims: claims, redirectURI: query.Get("redirect_uri"), nonce: query.Get("nonce"),
		challenge: query.Get("code_challenge"), challengeMethod: query.Get("code_challenge_method"),
		authenticatedAt: now, validUntil: now.Add(tokenLifetime),
	}
	return code, nil
}
