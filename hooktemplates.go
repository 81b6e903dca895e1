package allauth

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/mailtemplate"
)

// guardedTemplates are templates that a hook renders, as some may be the host's.
type guardedTemplates struct {
	templates *mailtemplate.Renderer
	hook      *hook.Hook
}

// templatesTimeout bounds the parsing of all templates in New, as the machine may
// be busy with whatever else starts.
const templatesTimeout = time.Minute

// newTemplates parses and tests the templates. It does not use HookTimeout, which
// may be too short for all of them.
func newTemplates(cfg *Config) (*guardedTemplates, error) {
	slow := &hook.Host{Logger: cfg.Logger, Timeout: max(cfg.HookTimeout, templatesTimeout)}
	g := &guardedTemplates{hook: cfg.host().Hook("Templates")}
	var err error
	g.templates, err = result(context.Background(), slow.Hook("reading"), func(context.Context) (*mailtemplate.Renderer, error) {
		return mailtemplate.New(cfg.Templates, cfg.EmailSubjectPrefix)
	})
	return g, err
}

// Render implements work.Templates.
func (g *guardedTemplates) Render(kind string, data any) (subject, text, html string, err error) {
	type message struct{ subject, text, html string }
	m, err := result(context.Background(), g.hook, func(context.Context) (m message, err error) {
		m.subject, m.text, m.html, err = g.templates.Render(kind, data)
		return m, err
	})
	return m.subject, m.text, m.html, err
}
