// Package locale holds the texts of the site in its languages, and chooses the language of
// a user.
//
// A language has two files: texts.json with the texts of the API and the words for times,
// and mails.txt with the templates of mails and text messages, which package mailtemplate
// reads. What a language lacks is taken from the one that contains it (de for de-CH), and
// then from English.
package locale

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/allauth-go/allauth/authn"
)

//go:embed texts
var embedded embed.FS

// Embedded returns the files of this module.
func Embedded() fs.FS {
	files, err := fs.Sub(embedded, "texts")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return files
}

const (
	// maxHeader is the number of bytes of an Accept-Language header that are read.
	maxHeader = 256
	// maxTag is the length of the longest tag of a user's setting, in bytes (RFC 5646
	// section 4.4.1).
	maxTag = 35
)

// Set holds the languages of a site. It is safe for concurrent use.
type Set struct {
	locales []*Locale
	matcher language.Matcher
	field   string
}

// Locale is one language. It is safe for concurrent use.
type Locale struct {
	// Name is the tag in the configuration.
	Name string
	// Sources are the folders with the files of the language, each replacing texts of
	// those before it. The first one is English.
	Sources []Source
	// Missing are the texts of texts.json that are those of English.
	Missing []string

	tag   language.Tag
	texts texts
}

// Source is a folder with files of a language.
type Source struct {
	Files  fs.FS
	folder string
	// Translates is false for English as the fallback of another language.
	Translates bool
}

// New reads the texts of languages, which are BCP 47 tags, the default first; none stand
// for English. files replaces texts of this module, and may be nil. field is the member of
// authn.User.Extra with the language of a user. Errors name the file or tag.
func New(files fs.FS, names []string, field string) (*Set, error) {
	tags, err := Tags(names)
	if err != nil {
		return nil, err
	}
	s := &Set{matcher: language.NewMatcher(tags), field: field}
	for i, tag := range tags {
		name := append(names, "en")[i]
		l := &Locale{Name: name, tag: tag, Sources: sources(files, name, tag, i == 0)}
		if err := l.readTexts(); err != nil {
			return nil, err
		}
		s.locales = append(s.locales, l)
	}
	return s, nil
}

// Tags returns the languages with those names, or else English.
func Tags(names []string) (tags []language.Tag, err error) {
	for _, name := range names {
		tag, err := language.Parse(name)
		switch {
		case err != nil || tag == language.Und:
			return nil, fmt.Errorf("Languages holds %q, which is no language; use tags like de or pt-BR", name)
		case slices.Contains(tags, tag):
			return nil, fmt.Errorf("Languages holds %q twice; remove one", name)
		}
		tags = append(tags, tag)
	}
	if len(tags) == 0 {
		return []language.Tag{language.English}, nil
	}
	return tags, nil
}

// sources returns the folders of a language. The files of the default language may also be
// in the host's root.
func sources(files fs.FS, name string, tag language.Tag, isDefault bool) []Source {
	own := Embedded()
	var list []Source
	for t := tag; t != language.Und; t = t.Parent() {
		list = append([]Source{{own, t.String(), true}}, list...)
	}
	if list[0].folder != "en" {
		list = append([]Source{{own, "en", false}}, list...)
	}
	if files != nil && isDefault {
		list = append(list, Source{files, "", true})
	}
	if files != nil {
		list = append(list, Source{files, name, true})
	}
	return list
}

// Path returns the path of a file in Files.
func (s Source) Path(name string) string {
	if s.folder == "" {
		return name
	}
	return s.folder + "/" + name
}

// Read returns the content of a file, or an error that wraps fs.ErrNotExist.
func (s Source) Read(name string) ([]byte, error) {
	content, err := fs.ReadFile(s.Files, s.Path(name))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.Path(name), err)
	}
	return content, nil
}

// All returns the languages, the default first.
func (s *Set) All() []*Locale { return s.locales }

// Several reports whether there is more than one language.
func (s *Set) Several() bool { return len(s.locales) > 1 }

// Choose returns the language of a user, who may be nil: that of the user's setting, or
// else the best one of an Accept-Language header (RFC 9110 section 12.5.4), or else the
// default.
func (s *Set) Choose(u *authn.User, header string) *Locale {
	if !s.Several() {
		return s.locales[0]
	}
	if tag, ok := s.setting(u); ok {
		if l := s.match(tag); l != nil {
			return l
		}
	}
	if len(header) > maxHeader {
		header = header[:strings.LastIndexByte(header[:maxHeader], ',')+1]
	}
	if tags, _, err := language.ParseAcceptLanguage(header); err == nil {
		if l := s.match(tags...); l != nil {
			return l
		}
	}
	return s.locales[0]
}

// setting returns the language that a user has set, if there is one.
func (s *Set) setting(u *authn.User) (tag language.Tag, ok bool) {
	var text string
	if u == nil || json.Unmarshal(u.Extra[s.field], &text) != nil || len(text) > maxTag {
		return tag, false
	}
	tag, err := language.Parse(text)
	return tag, err == nil
}

// match returns the best language, or nil if none is close.
func (s *Set) match(tags ...language.Tag) *Locale {
	_, i, confidence := s.matcher.Match(tags...)
	if confidence == language.No {
		return nil
	}
	return s.locales[i]
}

// readTexts reads texts.json of all sources.
func (l *Locale) readTexts() error {
	translated := map[string]bool{}
	for _, source := range l.Sources {
		content, err := source.Read("texts.json")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var found texts
		if err == nil {
			found, err = parseTexts(content, l.texts)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", source.Path("texts.json"), err)
		}
		for _, name := range found.names() {
			translated[name] = source.Translates || translated[name]
		}
		l.texts.replace(found)
	}
	for name, is := range translated {
		if !is {
			l.Missing = append(l.Missing, name)
		}
	}
	slices.Sort(l.Missing)
	return nil
}
