package mailtemplate

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"strings"
	"sync"
	texttemplate "text/template"
)

//go:embed templates
var embedded embed.FS

// Renderer renders messages. It is safe for concurrent use.
type Renderer struct {
	subjectPrefix string
	messages      map[string]*message
}

// message holds the templates of one kind. A text message has no subject; html may be
// nil.
type message struct {
	subject *texttemplate.Template
	text    *texttemplate.Template
	html    *htmltemplate.Template
}

// New parses all templates: each file from override, which may be nil, or else the
// embedded one. subjectPrefix is put before the subjects of all mails. New renders each
// template once, so that it returns the errors that Render would return later. Errors
// name the file.
func New(override fs.FS, subjectPrefix string) (*Renderer, error) {
	read := builtIn
	if override != nil {
		read = source{override}.messages
	}
	messages, err := read()
	if err != nil {
		return nil, err
	}
	return &Renderer{subjectPrefix: subjectPrefix, messages: messages}, nil
}

// builtIn returns the embedded templates, which are parsed once for all renderers.
var builtIn = sync.OnceValues(source{}.messages)

// try renders a kind with all values, without a code, and without values.
func (r *Renderer) try(kind string) error {
	sample := make(map[string]any, len(fields))
	for _, name := range fields {
		sample[name] = name
	}
	link := make(map[string]any, len(fields))
	for name, value := range sample {
		link[name] = value
	}
	link["Code"] = ""
	for _, data := range []map[string]any{sample, link, {}} {
		if _, _, _, err := r.Render(kind, data); err != nil {
			return err
		}
	}
	return nil
}

// source reads template files.
type source struct{ override fs.FS }

// messages parses and tries the templates of every kind.
func (s source) messages() (map[string]*message, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	r := &Renderer{messages: make(map[string]*message, len(kinds))}
	for _, kind := range kinds {
		m, err := s.message(kind)
		if err != nil {
			return nil, err
		}
		r.messages[kind] = m
		if err := r.try(kind); err != nil {
			return nil, err
		}
	}
	return r.messages, nil
}

// check returns an error if a file of the host would not be used, because its name or
// its folder is wrong.
func (s source) check() error {
	if s.override == nil {
		return nil
	}
	known := map[string]bool{"layout.txt": true, "layout.html": true}
	folders := map[string]bool{".": true}
	for _, kind := range kinds {
		folders[path.Dir(kind)] = true
		known[kind+".txt"] = true
		if !isText(kind) {
			known[kind+"_subject.txt"], known[kind+".html"] = true, true
		}
	}
	found := false
	for folder := range folders {
		entries, err := fs.ReadDir(s.override, folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("mailtemplate: list %s: %w", folder, err)
		}
		for _, entry := range entries {
			name := path.Join(folder, entry.Name())
			if folder != "." && !known[name] && (path.Ext(name) == ".txt" || path.Ext(name) == ".html") {
				return fmt.Errorf("mailtemplate: %s is not the name of a template; docs/mails.md lists the names", name)
			}
			found = found || known[name]
		}
	}
	if !found {
		return errors.New("mailtemplate: the file system has none of the files that docs/mails.md lists; use the folder that contains account, for example by fs.Sub")
	}
	return nil
}

// read returns the content of a file of the host, or of the embedded one, or
// fs.ErrNotExist.
func (s source) read(name string) (string, error) {
	if s.override != nil {
		content, err := fs.ReadFile(s.override, name)
		if err == nil {
			return string(content), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("mailtemplate: read %s: %w", name, err)
		}
	}
	content, err := fs.ReadFile(embedded, "templates/"+name)
	if err != nil {
		return "", fmt.Errorf("mailtemplate: read %s: %w", name, err)
	}
	return string(content), nil
}

// message parses the templates of a kind.
func (s source) message(kind string) (*message, error) {
	m := &message{}
	var err error
	if m.text, err = s.text(kind + ".txt"); err != nil || isText(kind) {
		return m, err
	}
	if m.subject, err = s.text(kind + "_subject.txt"); err != nil {
		return nil, err
	}
	m.html, err = s.html(kind + ".html")
	return m, err
}

// text parses a text template together with layout.txt.
func (s source) text(name string) (*texttemplate.Template, error) {
	t := texttemplate.New("layout.txt").Option("missingkey=error")
	for _, file := range []string{"layout.txt", name} {
		content, err := s.read(file)
		if err != nil {
			return nil, err
		}
		if t, err = t.New(file).Parse(content); err != nil {
			return nil, fmt.Errorf("mailtemplate: parse %s: %w", file, err)
		}
	}
	return t, nil
}

// html parses an HTML template together with layout.html. It returns nil if the file is
// missing or empty.
func (s source) html(name string) (*htmltemplate.Template, error) {
	content, err := s.read(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && strings.TrimSpace(content) == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	layout, err := s.read("layout.html")
	if err != nil {
		return nil, err
	}
	t, err := htmltemplate.New("layout.html").Option("missingkey=error").Parse(layout)
	if err != nil {
		return nil, fmt.Errorf("mailtemplate: parse layout.html: %w", err)
	}
	if t, err = t.New(name).Parse(content); err != nil {
		return nil, fmt.Errorf("mailtemplate: parse %s: %w", name, err)
	}
	return t, nil
}
