package mailtemplate

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	texttemplate "text/template"

	"github.com/allauth-go/allauth/internal/locale"
)

// Renderer renders messages in the languages of the site. It is safe for concurrent use.
type Renderer struct {
	subjectPrefix string
	languages     map[string]*messages // by the name of the locale
}

// messages are the templates of a language.
type messages struct {
	kinds map[string]*message
	// missing are the names of templates that are those of English.
	missing []string
}

// message holds the templates of one kind. A text message has no subject; html may be
// nil.
type message struct {
	subject *texttemplate.Template
	text    *texttemplate.Template
	html    *htmltemplate.Template
}

// New parses the templates of all languages. files are those of the host, as for
// locale.New. subjectPrefix is put before the subjects of all mails. New renders each
// template, so that it returns the errors that Render would return later. Errors name the
// file.
func New(locales *locale.Set, files fs.FS, subjectPrefix string) (*Renderer, error) {
	if files != nil {
		if err := check(files, locales); err != nil {
			return nil, err
		}
	}
	r := &Renderer{subjectPrefix: subjectPrefix, languages: map[string]*messages{}}
	for _, l := range locales.All() {
		parse := builtIn
		if files != nil {
			parse = func(l *locale.Locale) (*messages, error) { return parser{locale: l, files: files}.parse() }
		}
		m, err := parse(l)
		if err != nil {
			return nil, err
		}
		r.languages[l.Name] = m
	}
	return r, nil
}

// Missing returns the names of the templates of a language that are those of English.
func (r *Renderer) Missing(l *locale.Locale) []string { return r.languages[l.Name].missing }

var embedded struct {
	sync.Mutex
	languages map[string]*messages
}

// builtIn returns the templates of this module, which are parsed once for all renderers.
func builtIn(l *locale.Locale) (*messages, error) {
	embedded.Lock()
	defer embedded.Unlock()
	if m := embedded.languages[l.Name]; m != nil {
		return m, nil
	}
	m, err := parser{locale: l}.parse()
	if err != nil {
		return nil, err
	}
	if embedded.languages == nil {
		embedded.languages = map[string]*messages{}
	}
	embedded.languages[l.Name] = m
	return m, nil
}

// parser parses the templates of a language.
type parser struct {
	locale *locale.Locale
	files  fs.FS // of the host, may be nil
	text   *texttemplate.Template
	html   *htmltemplate.Template
}

// parse returns all messages, after it has rendered each of them.
func (p parser) parse() (*messages, error) {
	m := &messages{kinds: make(map[string]*message, len(kinds))}
	defined, err := p.shared()
	if err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		one, own, err := p.message(kind)
		if err != nil {
			return nil, err
		}
		m.kinds[kind] = one
		defined[kind], defined[kind+"_subject"] = defined[kind] || own, defined[kind+"_subject"] || own
	}
	for name, own := range defined {
		if !own && !(isText(name) && strings.HasSuffix(name, "_subject")) {
			m.missing = append(m.missing, name)
		}
	}
	slices.Sort(m.missing)
	r := &Renderer{languages: map[string]*messages{p.locale.Name: m}}
	for _, kind := range kinds {
		if err := r.try(p.locale, kind); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// try renders a kind with all values, without a code, and without values.
func (r *Renderer) try(l *locale.Locale, kind string) error {
	sample := make(map[string]any, len(fields))
	for _, name := range fields {
		if name != "Extra" {
			sample[name] = name
		}
	}
	link := make(map[string]any, len(fields))
	for name, value := range sample {
		link[name] = value
	}
	link["Code"] = ""
	for _, data := range []map[string]any{sample, link, nil} {
		if _, _, _, err := r.Render(l, kind, data); err != nil {
			return err
		}
	}
	return nil
}

// shared parses the layouts and mails.txt of each source. The HTML templates are those of
// the texts, except for what layout.html defines. It reports for each name whether the
// language defines it itself.
func (p *parser) shared() (defined map[string]bool, err error) {
	p.text = texttemplate.New("mails.txt").Option("missingkey=error")
	p.html = htmltemplate.New("layout.html").Option("missingkey=error")
	layouts := locale.Source{Files: locale.Embedded()}
	if err := p.add(layouts, "layout.txt", nil); err != nil {
		return nil, err
	}
	defined = map[string]bool{}
	for _, source := range p.locale.Sources {
		if err := p.add(source, "mails.txt", defined); err != nil {
			return nil, err
		}
	}
	for _, t := range p.text.Templates() {
		if t.Tree == nil {
			continue
		}
		if _, err := p.html.AddParseTree(t.Name(), toHTML(t.Tree)); err != nil {
			return nil, fmt.Errorf("mailtemplate: parse %s: %w", t.Name(), err)
		}
	}
	sources := []locale.Source{layouts}
	if p.files != nil {
		sources = append(sources, locale.Source{Files: p.files})
	}
	for _, source := range append(sources, p.locale.Sources...) {
		content, found, err := readFile(source, "layout.html")
		if err != nil {
			return nil, err
		}
		if _, err := p.html.Parse(content); found && err != nil {
			return nil, fmt.Errorf("mailtemplate: parse %s: %w", source.Path("layout.html"), err)
		}
	}
	return defined, nil
}

// add parses a file that defines templates, if it exists.
func (p *parser) add(source locale.Source, name string, defined map[string]bool) error {
	content, found, err := readFile(source, name)
	if err != nil || !found {
		return err
	}
	t, err := texttemplate.New(source.Path(name)).Parse(content)
	if err != nil {
		return fmt.Errorf("mailtemplate: parse %s: %w", source.Path(name), err)
	}
	for _, one := range t.Templates() {
		if one.Name() == t.Name() {
			continue // what is outside of the definitions
		}
		if _, err := p.text.AddParseTree(one.Name(), one.Tree); err != nil {
			return fmt.Errorf("mailtemplate: parse %s: %w", source.Path(name), err)
		}
		if defined != nil {
			defined[one.Name()] = defined[one.Name()] || source.Translates
		}
	}
	return nil
}

// readFile reads a file, if it exists.
func readFile(source locale.Source, name string) (content string, found bool, err error) {
	bytes, err := source.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("mailtemplate: %w", err)
	}
	return string(bytes), true, nil
}

// file is the template of a part of a message.
type file struct {
	path    string
	content string
	own     bool // of the host
}

// file returns the file of the host, or else the content.
func (p parser) file(name, content string) (file, error) {
	f := file{name, content, false}
	for _, source := range p.locale.Sources {
		content, found, err := readFile(source, name)
		if err != nil {
			return file{}, err
		}
		if found {
			f = file{source.Path(name), content, true}
		}
	}
	return f, nil
}

// message parses the templates of a kind. own is true if the host has a file of its own for
// the text.
func (p parser) message(kind string) (m *message, own bool, err error) {
	frame := `{{template "greeting" .}}` + "\n\n" + `{{template "` + kind + `" .}}` + "\n\n" + `{{template "signature" .}}`
	if isText(kind) {
		frame = `{{template "` + kind + `" .}}`
	}
	text, err := p.file(kind+".txt", frame)
	if err != nil {
		return nil, false, err
	}
	m = &message{}
	if m.text, err = p.parseText(text); err != nil || isText(kind) {
		return m, text.own, err
	}
	subject, err := p.file(kind+"_subject.txt", `{{template "`+kind+`_subject" .}}`)
	if err != nil {
		return nil, false, err
	}
	if m.subject, err = p.parseText(subject); err != nil {
		return nil, false, err
	}
	page, err := p.file(kind+".html", "")
	if err != nil {
		return nil, false, err
	}
	if page.own && strings.TrimSpace(page.content) == "" {
		return m, text.own, nil
	}
	m.html, err = p.parseHTML(page, m.text, text.own)
	return m, text.own, err
}

// parseText parses a file. That of the host has a set of its own, as files may define
// templates of the same name.
func (p parser) parseText(f file) (t *texttemplate.Template, err error) {
	set := p.text
	if f.own {
		if set, err = set.Clone(); err != nil {
			return nil, fmt.Errorf("mailtemplate: %w", err)
		}
	}
	t, err = set.New(f.path).Parse(f.content)
	if err != nil {
		return nil, fmt.Errorf("mailtemplate: parse %s: %w", f.path, err)
	}
	return t, nil
}

// parseHTML parses the HTML file of the host, or else makes one of the text.
func (p parser) parseHTML(f file, text *texttemplate.Template, ownText bool) (t *htmltemplate.Template, err error) {
	set := p.html
	if f.own || ownText {
		if set, err = set.Clone(); err != nil {
			return nil, fmt.Errorf("mailtemplate: %w", err)
		}
	}
	if !f.own {
		f.content = `{{template "header" .}}<p>{{template "` + text.Name() + `" .}}</p>{{template "end" .}}`
		for _, t := range text.Templates() {
			if set.Lookup(t.Name()) != nil || t.Tree == nil {
				continue
			}
			if _, err := set.AddParseTree(t.Name(), toHTML(t.Tree)); err != nil {
				return nil, fmt.Errorf("mailtemplate: parse %s: %w", f.path, err)
			}
		}
	}
	t, err = set.New(f.path).Parse(f.content)
	if err != nil {
		return nil, fmt.Errorf("mailtemplate: parse %s: %w", f.path, err)
	}
	return t, nil
}

// check returns an error if a file of the host would not be used, because its name or
// its folder is wrong.
func check(files fs.FS, locales *locale.Set) error {
	names := map[string]bool{"texts.json": true, "mails.txt": true, "layout.html": true}
	folders := map[string]bool{".": true}
	for _, kind := range kinds {
		folders[path.Dir(kind)] = true
		names[kind+".txt"] = true
		if !isText(kind) {
			names[kind+"_subject.txt"], names[kind+".html"] = true, true
		}
	}
	found := false
	roots := []string{"."}
	for _, l := range locales.All() {
		roots = append(roots, l.Name)
	}
	for _, root := range roots {
		for folder := range folders {
			entries, err := fs.ReadDir(files, path.Join(root, folder))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("mailtemplate: list %s: %w", path.Join(root, folder), err)
			}
			for _, entry := range entries {
				name := path.Join(folder, entry.Name())
				isTemplate := path.Ext(name) == ".txt" || path.Ext(name) == ".html"
				if name == "layout.txt" || !names[name] && isTemplate && path.Join(root, folder) != "." {
					return fmt.Errorf("mailtemplate: %s is not the name of a template; docs/mails.md lists the names", path.Join(root, name))
				}
				found = found || names[name]
			}
		}
	}
	if !found {
		return errors.New("mailtemplate: the file system has none of the files that docs/mails.md lists; use the folder that contains account or a language, for example by fs.Sub")
	}
	return nil
}
