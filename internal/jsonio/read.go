package jsonio

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"unicode/utf8"
)

const (
	// MaxBody is the size of the largest body that is accepted, in bytes.
	MaxBody = 64 << 10
	// maxDepth is the maximum nesting of objects and arrays, the outermost object
	// included.
	maxDepth = 16
	// maxMembers is the maximum number of members of an object.
	maxMembers = 64
	// maxText is the maximum length of a string in the outermost object, in bytes of
	// UTF-8.
	maxText = 4 << 10
)

// longMembers are exempt from maxText. Clients may send the response of a security key,
// with its certificates, as JSON in a string, and tokens in which a provider lists all
// groups of a user.
var longMembers = []string{"credential", "id_token", "access_token"}

var (
	// ErrTooLarge means that the body is larger than MaxBody.
	ErrTooLarge = errors.New("jsonio: body too large")
	// ErrMalformed means that the body is not one strict JSON object.
	ErrMalformed = errors.New("jsonio: malformed body")
)

// Read reads a body. Returns ErrTooLarge, or the error of body if reading it fails. It
// reads at most one byte more than MaxBody.
func Read(body io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	var exceeded *http.MaxBytesError
	switch {
	case errors.As(err, &exceeded), len(text) > MaxBody:
		return nil, ErrTooLarge
	case err != nil:
		return nil, fmt.Errorf("read body: %w", err)
	}
	return text, nil
}

// Parse parses an object. It returns an empty object for an empty text and for null.
// Returns ErrMalformed for an invalid text, and ErrTooLarge for one beyond MaxBody.
func Parse(text []byte) (*Object, error) {
	switch {
	case len(text) == 0:
		return &Object{}, nil
	case len(text) > MaxBody:
		return nil, ErrTooLarge
	}
	if !utf8.Valid(text) {
		return nil, malformed("not UTF-8")
	}
	if !json.Valid(text) {
		return nil, malformed("syntax")
	}
	s := scanner{text: text}
	s.skipSpace()
	switch text[s.at] {
	case '{':
		o := &Object{}
		if err := s.object(1, o); err != nil {
			return nil, err
		}
		return o, o.checkTexts()
	case 'n': // null: no other valid JSON begins with n
		return &Object{}, nil
	}
	return nil, malformed("not an object")
}

// checkTexts returns ErrMalformed if a string of the outermost object is longer than
// maxText.
func (o *Object) checkTexts() error {
	for _, m := range o.members {
		// A string is never longer than its JSON.
		if m.raw[0] != '"' || len(m.raw)-2 <= maxText || slices.Contains(longMembers, m.name) {
			continue
		}
		if text, ok := unquote(m.raw); !ok || len(text) > maxText {
			return malformed("a text is too long")
		}
	}
	return nil
}

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }
