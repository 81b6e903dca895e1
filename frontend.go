package allauth

import "slices"

// Frontend is what a front end needs to know of the configuration beside what GET config
// tells clients.
type Frontend struct {
	// BaseURL, SiteName and Languages are those of Config. There is at least one language.
	BaseURL, SiteName string
	Languages         []string
	// BasePath is that of Config.Headless.
	BasePath string
	// SignupFields are those of Config.Account, in their order, with an asterisk after the
	// required ones.
	SignupFields []string
	// CSRFCookieName is the name of the cookie from which pages read the CSRF token.
	CSRFCookieName string
}

// Frontend returns what a front end needs to know, with all defaults. Package ui makes its
// pages of it.
func (a *Auth) Frontend() Frontend {
	languages := slices.Clone(a.cfg.Languages)
	if len(languages) == 0 {
		languages = []string{"en"}
	}
	return Frontend{
		BaseURL: a.cfg.BaseURL, SiteName: a.cfg.SiteName, Languages: languages,
		BasePath:       a.cfg.Headless.BasePath,
		SignupFields:   slices.Clone(a.cfg.Account.SignupFields),
		CSRFCookieName: a.cfg.Sessions.CSRFCookieName,
	}
}
