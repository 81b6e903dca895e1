package mailtemplate

import (
	"fmt"
	"io"
	"strings"

	"github.com/allauth-go/allauth/internal/locale"
)

// Render returns the subject, text and HTML of a message in a language of the site. The
// names of data are those of [Fields]; missing values are empty, and times and durations
// are put into words. The subject is a single line. Text messages have neither subject nor
// html. Returns an error for an unknown kind, and if a template fails or its output is too
// long.
func (r *Renderer) Render(l *locale.Locale, kind string, data map[string]any) (subject, text, html string, err error) {
	m, ok := r.languages[l.Name].kinds[kind]
	if !ok {
		return "", "", "", fmt.Errorf("mailtemplate: no template for %q", kind)
	}
	values := clean(l, data)
	if text, err = execute(m.text, values); err != nil {
		return "", "", "", err
	}
	if m.subject != nil {
		if subject, err = execute(m.subject, values); err != nil {
			return "", "", "", err
		}
		subject = oneLine(r.subjectPrefix + " " + subject)
	}
	if m.html != nil {
		if html, err = execute(m.html, withLinks(values)); err != nil {
			return "", "", "", err
		}
		html = tidyHTML(html)
	}
	return subject, tidy(text), html, nil
}

type template interface {
	Name() string
	Execute(w io.Writer, data any) error
}

func execute(t template, values map[string]any) (string, error) {
	var b bounded
	if err := t.Execute(&b, values); err != nil {
		return "", fmt.Errorf("mailtemplate: render %s: %w", t.Name(), err)
	}
	return b.text.String(), nil
}

// maxRendered is the maximum length of a template's output, in bytes.
const maxRendered = 1 << 20

// bounded is the output of a template, limited to maxRendered.
type bounded struct{ text strings.Builder }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > maxRendered {
		return 0, fmt.Errorf("the text is longer than %d bytes", maxRendered)
	}
	return b.text.Write(p)
}

// tidy removes trailing spaces and repeated empty lines, which templates leave in place
// of values that are empty.
func tidy(text string) string {
	lines := strings.Split(text, "\n")
	kept := lines[:0]
	for _, line := range lines {
		line = strings.TrimRight(line, " \t\r")
		if line != "" || len(kept) > 0 && kept[len(kept)-1] != "" {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n")) + "\n"
}
