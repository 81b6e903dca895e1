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
	// MaxBody is the largest body that is read, in bytes.
	MaxBody = 64 << 10
	// maxDepth is how deeply objects and arrays may be nested, the outermost
	// object included.
	maxDepth = 16
	// maxMembers is how many members one object may have.
	maxMembers = 64
	// maxText is the longest text that may stand in a member of the outermost
	// object, in bytes of UTF-8.
	maxText = 4 << 10
)

// longMembers are exempt from maxText: clients may send the answer of a security
// key, certificates and all, as JSON within a text, and tokens in which a provider
// lists all the groups of a user.
var longMembers = []string{"credential", "id_token", "access_token"}

var (
	// ErrTooLarge means that the body is larger than MaxBody.
	ErrTooLarge = errors.New("jsonio: body too large")
	// ErrMalformed means that the body is not one strict JSON object.
	ErrMalformed = errors.New("jsonio: malformed body")
)

// ReadObject reads an object. An empty body and null are an empty object. It
// returns ErrTooLarge or ErrMalformed for what is not an object, and the error
// of body if that can not be read. No more than MaxBody bytes and one are read.
func ReadObject(body io.Reader) (*Object, error) {
	text, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	var exceeded *http.MaxBytesError
	switch {
	case errors.As(err, &exceeded), len(text) > MaxBody:
		return nil, ErrTooLarge
	case err != nil:
		return nil, fmt.Errorf("read body: %w", err)
	case len(text) == 0:
		return &Object{}, nil
	}
	return parse(text)
}

func parse(text []byte) (*Object, error) {
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
	case 'n': // null, as nothing else that is well-formed begins like this
		return &Object{}, nil
	}
	return nil, malformed("not an object")
}

// checkTexts bounds the texts of the outermost object.
func (o *Object) checkTexts() error {
	for _, m := range o.members {
		// A text is never longer than what it is written as.
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
