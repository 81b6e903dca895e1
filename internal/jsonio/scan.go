package jsonio

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode"
	"unicode/utf16"
)

// scanner parses a text that json.Valid has accepted. It returns ErrMalformed for text
// that is valid JSON but not accepted by this package.
type scanner struct {
	text []byte
	at   int
	// names holds the members so far of every open object, those of the innermost last.
	names [][]byte
}

// value skips the value at the current position.
func (s *scanner) value(depth int) error {
	switch s.text[s.at] {
	case '{':
		return s.object(depth+1, nil)
	case '[':
		return s.array(depth + 1)
	case '"':
		return s.string()
	}
	for s.at < len(s.text) && !endsScalar(s.text[s.at]) {
		s.at++
	}
	return nil
}

// object skips an object, and appends its members to into unless it is nil.
func (s *scanner) object(depth int, into *Object) error {
	if depth > maxDepth {
		return malformed("nested too deeply")
	}
	first := len(s.names)
	s.next()
	for s.text[s.at] != '}' {
		name, err := s.name(s.names[first:])
		if err != nil {
			return err
		}
		s.names = append(s.names, name)
		s.skipSpace()
		s.next() // the colon
		start := s.at
		if err := s.value(depth); err != nil {
			return err
		}
		if into != nil {
			into.members = append(into.members, member{string(name), s.text[start:s.at:s.at]})
		}
		s.comma()
	}
	s.at++
	s.names = s.names[:first]
	return nil
}

func (s *scanner) array(depth int) error {
	if depth > maxDepth {
		return malformed("nested too deeply")
	}
	s.next()
	for s.text[s.at] != ']' {
		if err := s.value(depth); err != nil {
			return err
		}
		s.comma()
	}
	s.at++
	return nil
}

// name returns the name of a member, which must differ from the earlier ones.
func (s *scanner) name(earlier [][]byte) ([]byte, error) {
	start := s.at
	if err := s.string(); err != nil {
		return nil, err
	}
	name := s.text[start+1 : s.at-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		plain, _ := unquote(s.text[start:s.at])
		name = []byte(plain)
	}
	if len(earlier) == maxMembers {
		return nil, malformed("too many members")
	}
	for _, other := range earlier {
		if bytes.Equal(name, other) {
			return nil, malformed("duplicate member")
		}
	}
	return name, nil
}

// string skips a string. It refuses half a surrogate pair, which encoding/json replaces
// by U+FFFD, so that different passwords would be equal.
func (s *scanner) string() error {
	s.at++
	for s.text[s.at] != '"' {
		if s.text[s.at] != '\\' {
			s.at++
			continue
		}
		unit, escaped := s.unit()
		if !escaped {
			s.at += len(`\n`)
			continue
		}
		s.at += len(`\u0000`)
		if !utf16.IsSurrogate(unit) {
			continue
		}
		low, _ := s.unit()
		if utf16.DecodeRune(unit, low) == unicode.ReplacementChar {
			return malformed("half a surrogate pair")
		}
		s.at += len(`\u0000`)
	}
	s.at++
	return nil
}

// unit returns the UTF-16 unit that is escaped at the current position, if there is one.
func (s *scanner) unit() (unit rune, escaped bool) {
	if s.text[s.at] != '\\' || s.text[s.at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.text[s.at+2:s.at+6]), 16, 16)
	return rune(n), err == nil
}

// next skips one character and the spaces after it.
func (s *scanner) next() {
	s.at++
	s.skipSpace()
}

// comma skips spaces and a comma, if there is one.
func (s *scanner) comma() {
	s.skipSpace()
	if s.text[s.at] == ',' {
		s.next()
	}
}

func (s *scanner) skipSpace() {
	for s.at < len(s.text) && isSpace(s.text[s.at]) {
		s.at++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func endsScalar(c byte) bool { return c == ',' || c == '}' || c == ']' || isSpace(c) }

// unquote returns the value of a JSON string.
func unquote(raw []byte) (text string, ok bool) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	return text, json.Unmarshal(raw, &text) == nil
}
