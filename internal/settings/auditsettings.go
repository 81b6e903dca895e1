package settings

import (
	"time"

	"github.com/allauth-go/allauth/audit"
)

type auditSettings struct {
	Retention   duration          `json:"retention"`
	ShowToUsers bool              `json:"show_to_users"`
	Webhooks    []webhookSettings `json:"webhooks"`
}

type webhookSettings struct {
	URL     string   `json:"url"`
	Secrets []string `json:"secrets"`
	Events  []string `json:"events"`
}

// config returns nil unless the key is present.
func (s *auditSettings) config() *audit.Config {
	if s == nil {
		return nil
	}
	cfg := &audit.Config{Retention: time.Duration(s.Retention), ShowToUsers: s.ShowToUsers}
	for _, hook := range s.Webhooks {
		cfg.Webhooks = append(cfg.Webhooks, audit.Webhook{URL: hook.URL, Secrets: hook.Secrets, Events: hook.Events})
	}
	return cfg
}
