package allauth

import (
	"context"
	"slices"
	"time"

	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/locale"
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

// newTexts reads the texts of all languages, and parses and tests the templates.
// It does not use HookTimeout, which may be too short for all of them.
func newTexts(cfg *Config) (*locale.Set, *guardedTemplates, error) {
	slow := &hook.Host{Logger: cfg.Logger, Timeout: max(cfg.HookTimeout, templatesTimeout)}
	g := &guardedTemplates{hook: cfg.host().Hook("Templates")}
	var locales *locale.Set
	var err error
	g.templates, err = result(context.Background(), slow.Hook("reading"), func(context.Context) (*mailtemplate.Renderer, error) {
		var err error
		if locales, err = locale.New(cfg.Templates, cfg.Languages, cfg.LanguageField); err != nil {
			return nil, err
		}
		return mailtemplate.New(locales, cfg.Templates, cfg.EmailSubjectPrefix)
	})
	if err != nil {
		return nil, nil, err
	}
	for _, l := range locales.All() {
		if missing := slices.Concat(l.Missing, g.templates.Missing(l)); len(missing) > 0 {
			cfg.Logger.Warn("texts of a language are missing, English is used in their place", "language", l.Name, "texts", missing)
		}
	}
	return locales, g, nil
}

// Render implements work.Templates.
func (g *guardedTemplates) Render(l *locale.Locale, kind string, data map[string]any) (subject, text, html string, err error) {
	type message struct{ subject, text, html string }
	m, err := result(context.Background(), g.hook, func(context.Context) (m message, err error) {
		m.subject, m.text, m.html, err = g.templates.Render(l, kind, data)
		return m, err
	})
	return m.subject, m.text, m.html, err
}
