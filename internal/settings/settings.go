// Package settings reads the configuration file of the standalone server, for it and for
// the command allauth. docs/server.md lists its keys.
package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/headless"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/sessions"
)

// File is the configuration file.
type File struct {
	BaseURL   string `json:"base_url"`
	SecretKey string `json:"secret_key"`
	// SecretKeyFallbacks is SECRET_KEY_FALLBACKS of Django.
	SecretKeyFallbacks []string         `json:"secret_key_fallbacks"`
	Database           string           `json:"database"`
	Redis              string           `json:"redis"`
	SiteName           string           `json:"site_name"`
	Mail               mailSettings     `json:"mail"`
	SMS                smsSettings      `json:"sms"`
	PasswordHash       hashSettings     `json:"password_hash"`
	RateLimits         rateLimits       `json:"rate_limits"`
	TrustedProxies     []string         `json:"trusted_proxies"`
	TrustedOrigins     []string         `json:"trusted_origins"`
	UserSessions       sessionSettings  `json:"usersessions"`
	Headless           headlessSettings `json:"headless"`
	Audit              *auditSettings   `json:"audit"`
	Account            accountSettings  `json:"account"`
	MFA                *mfaSettings     `json:"mfa"`
	SocialAccount      *socialSettings  `json:"socialaccount"`
}

type mailSettings struct {
	SMTPAddr string `json:"smtp_addr"`
	From     string `json:"from"`
	Username string `json:"username"`
	Password string `json:"password"`
}

type smsSettings struct {
	WebhookURL string `json:"webhook_url"`
}

type hashSettings struct {
	Algorithm   string `json:"algorithm"`
	MemoryKiB   uint32 `json:"memory_kib"`
	Iterations  uint32 `json:"iterations"`
	Parallelism uint8  `json:"parallelism"`
}

type sessionSettings struct {
	TrackActivity bool     `json:"track_activity"`
	CookieAge     duration `json:"cookie_age"`
	// CSRFCookieDomain is CSRF_COOKIE_DOMAIN of Django.
	CSRFCookieDomain string `json:"csrf_cookie_domain"`
	CrossSite        bool   `json:"cross_site"`
}

type headlessSettings struct {
	BasePath           string            `json:"base_path"`
	Clients            []string          `json:"clients"`
	CORSOrigins        []string          `json:"cors_origins"`
	FrontendURLs       map[string]string `json:"frontend_urls"`
	ServeSpecification bool              `json:"serve_specification"`
	tokenSettings
}

// Load reads the file. An unknown key is an error that names it.
func Load(path string) (*File, error) {
	if path == "" {
		return nil, errors.New("-config is missing; set it to a configuration file, see docs/server.md")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s File
	if err := strict(text, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &s, nil
}

// proxies parses trusted_proxies: prefixes, and "unix" for unix sockets.
func proxies(texts []string) (list []netip.Prefix, unix bool, err error) {
	for _, text := range texts {
		if text == "unix" {
			unix = true
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, false, fmt.Errorf("trusted_proxies holds %q; use prefixes like 10.0.0.0/8, and unix for unix sockets", text)
		}
		list = append(list, prefix)
	}
	return list, unix, nil
}

// Config returns the library's configuration.
func (s *File) Config() (allauth.Config, error) {
	account, err := s.Account.config(s.texter())
	if err != nil {
		return allauth.Config{}, fmt.Errorf("account: %w", err)
	}
	if s.PasswordHash.Algorithm != "" && s.PasswordHash.Algorithm != "argon2id" {
		return allauth.Config{}, fmt.Errorf("password_hash.algorithm is %q; use argon2id", s.PasswordHash.Algorithm)
	}
	account.PasswordHash.Argon2id = password.Argon2id{
		MemoryKiB: s.PasswordHash.MemoryKiB, Iterations: s.PasswordHash.Iterations, Parallelism: s.PasswordHash.Parallelism,
	}
	social, err := s.SocialAccount.config()
	if err != nil {
		return allauth.Config{}, fmt.Errorf("socialaccount: %w", err)
	}
	pages, err := frontendURLs(s.Headless.FrontendURLs)
	if err != nil {
		return allauth.Config{}, err
	}
	tokens, err := s.Headless.tokens(s.secrets())
	if err != nil {
		return allauth.Config{}, fmt.Errorf("headless: %w", err)
	}
	trustedProxies, trustUnix, err := proxies(s.TrustedProxies)
	if err != nil {
		return allauth.Config{}, err
	}
	return allauth.Config{
		Tokens:                    tokens,
		BaseURL:                   s.BaseURL,
		Secrets:                   s.secrets(),
		SiteName:                  s.SiteName,
		Mailer:                    s.mailer(),
		Audit:                     s.Audit.config(),
		Account:                   account,
		MFA:                       s.MFA.config(),
		SocialAccount:             social,
		Sessions:                  s.UserSessions.config(),
		Headless:                  s.Headless.config(pages),
		RateLimits:                s.RateLimits.rates,
		DisableRateLimits:         s.RateLimits.off,
		TrustedProxies:            trustedProxies,
		TrustUnixSockets:          trustUnix,
		TrustedOrigins:            s.TrustedOrigins,
		EmailSubjectPrefix:        s.Account.EmailSubjectPrefix,
		LoginTimeout:              time.Duration(s.Account.LoginTimeout),
		ReauthenticationTimeout:   time.Duration(s.Account.ReauthenticationTimeout),
		DisableEmailNotifications: !s.Account.EmailNotifications,
	}, nil
}

// secrets returns the secret keys, the current one first.
func (s *File) secrets() [][]byte {
	list := [][]byte{[]byte(s.SecretKey)}
	for _, fallback := range s.SecretKeyFallbacks {
		list = append(list, []byte(fallback))
	}
	return list
}

func (s sessionSettings) config() sessions.Config {
	return sessions.Config{
		TrackActivity: s.TrackActivity, Lifetime: time.Duration(s.CookieAge),
		CSRFCookieDomain: s.CSRFCookieDomain, CrossSite: s.CrossSite,
	}
}

func (s headlessSettings) config(pages headless.FrontendURLs) headless.Config {
	return headless.Config{
		BasePath: s.BasePath, Clients: s.Clients, CORSOrigins: s.CORSOrigins,
		FrontendURLs: pages, ServeSpecification: s.ServeSpecification,
	}
}

func (s *File) mailer() notify.Mailer {
	if s.Mail.SMTPAddr == "" {
		return &notify.Log{Writer: os.Stderr}
	}
	return notify.SMTP{Addr: s.Mail.SMTPAddr, From: s.Mail.From, Username: s.Mail.Username, Password: s.Mail.Password}
}

func (s *File) texter() notify.Texter {
	if s.SMS.WebhookURL == "" {
		return &notify.Log{Writer: os.Stderr}
	}
	return notify.Webhook{URL: s.SMS.WebhookURL}
}

func frontendURLs(pages map[string]string) (headless.FrontendURLs, error) {
	var urls headless.FrontendURLs
	fields := map[string]*string{
		"account_confirm_email":           &urls.ConfirmEmail,
		"account_reset_password":          &urls.ResetPassword,
		"account_reset_password_from_key": &urls.ResetPasswordFromKey,
		"account_login_alert":             &urls.LoginAlert,
		"account_signup":                  &urls.Signup,
		"socialaccount_login_error":       &urls.SocialLoginError,
	}
	for name, page := range pages {
		field, ok := fields[name]
		if !ok {
			return urls, fmt.Errorf("headless.frontend_urls: unknown key %q", name)
		}
		*field = page
	}
	return urls, nil
}

// rateLimits is false to remove all limits, or an object that replaces single
// ones.
type rateLimits struct {
	off   bool
	rates map[string]string
}

func (r *rateLimits) UnmarshalJSON(text []byte) error {
	if string(text) == "false" {
		r.off = true
		return nil
	}
	if err := json.Unmarshal(text, &r.rates); err != nil {
		return wrongKind[rateLimits](text)
	}
	return nil
}

// duration is a Go duration such as "15m".
type duration time.Duration

func (d *duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return wrongKind[duration](text)
	}
	parsed, err := time.ParseDuration(s)
	if err != nil {
		return wrongKind[duration](text)
	}
	*d = duration(parsed)
	return nil
}

// quota is a number, true for two, or false for none.
type quota int

func (q *quota) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "true":
		*q = 2
		return nil
	case "false":
		*q = 0
		return nil
	}
	if json.Unmarshal(text, (*int)(q)) != nil {
		return wrongKind[quota](text)
	}
	return nil
}

// choices is true for all, false for none, or a list.
type choices struct {
	all  bool
	some []string
}

func (c *choices) UnmarshalJSON(text []byte) error {
	if slices.Contains([]string{"true", "false"}, string(text)) {
		c.all = string(text) == "true"
		return nil
	}
	if json.Unmarshal(text, &c.some) != nil {
		return wrongKind[choices](text)
	}
	return nil
}
