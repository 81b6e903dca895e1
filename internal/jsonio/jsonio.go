// Package jsonio reads the input of the API strictly: one JSON object (RFC
// 8259) of bounded size and depth, in valid UTF-8, with exact and unique member
// names.
package jsonio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

const (
	// MaxBody is the largest body that is read, in bytes.
	MaxBody = 64 << 10
	// maxDepth is how deeply objects and arrays may be nested.
	maxDepth = 16
	// maxMembers is how many members an object may have.
	maxMembers = 64
)

var (
	// ErrTooLarge means that the body is larger than MaxBody.
	ErrTooLarge = errors.New("jsonio: body too large")
	// ErrMalformed means that the body is not one strict JSON object.
	ErrMalformed = errors.New("jsonio: malformed body")
)

// Object is a JSON object. The zero value is empty. It is safe for concurrent
// reading.
type Object struct {
	members map[string]json.RawMessage
}

// ReadObject reads an object. An empty body and null are an empty object.
// ErrTooLarge or ErrMalformed for what is not one; other errors are the
// reader's.
func ReadObject(body io.Reader) (*Object, error) {
	text, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	case len(text) > MaxBody:
		return nil, ErrTooLarge
	case len(text) == 0:
		return &Object{}, nil
	case !utf8.Valid(text):
		return nil, fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	if err := checkSurrogates(text); err != nil {
		return nil, err
	}
	if err := checkStructure(text); err != nil {
		return nil, err
	}
	o := &Object{}
	if err := json.Unmarshal(text, &o.members); err != nil {
		return nil, fmt.Errorf("%w: not an object", ErrMalformed)
	}
	return o, nil
}

// checkStructure walks the tokens: encoding/json alone would let duplicate
// names and any depth pass.
func checkStructure(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := checkValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: trailing data", ErrMalformed)
	}
	return nil
}

func checkValue(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("%w: syntax", ErrMalformed)
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if depth++; depth > maxDepth {
		return fmt.Errorf("%w: nested too deeply", ErrMalformed)
	}
	if delim == '{' {
		err = checkMembers(d, depth)
	} else {
		for err == nil && d.More() {
			err = checkValue(d, depth)
		}
	}
	if err != nil {
		return err
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%w: syntax", ErrMalformed)
	}
	return nil
}

func checkMembers(d *json.Decoder, depth int) error {
	names := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return fmt.Errorf("%w: syntax", ErrMalformed)
		}
		if names[name] || len(names) == maxMembers {
			return fmt.Errorf("%w: duplicate or too many members", ErrMalformed)
		}
		names[name] = true
		if err := checkValue(d, depth); err != nil {
			return err
		}
	}
	return nil
}

// checkSurrogates refuses half surrogate pairs, which encoding/json would turn
// into a replacement character: two different passwords would become one.
func checkSurrogates(text []byte) error {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		unit, ok := escapedUnit(text, i)
		if !ok {
			continue
		}
		i += 4
		if unit < 0xD800 || unit > 0xDFFF {
			continue
		}
		if unit > 0xDBFF || i+2 >= len(text) || text[i+1] != '\\' {
			return fmt.Errorf("%w: lone surrogate", ErrMalformed)
		}
		low, ok := escapedUnit(text, i+2)
		if !ok || low < 0xDC00 || low > 0xDFFF {
			return fmt.Errorf("%w: lone surrogate", ErrMalformed)
		}
		i += 6
	}
	return nil
}

// escapedUnit reads the four digits after the u at text[i].
func escapedUnit(text []byte, i int) (uint64, bool) {
	if i+5 > len(text) || text[i] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[i+1:i+5]), 16, 32)
	return unit, err == nil
}

// Has reports whether the member is there, also as null.
func (o *Object) Has(name string) bool {
	_, ok := o.members[name]
	return ok
}

// Names returns the members' names in order.
func (o *Object) Names() []string { return slices.Sorted(maps.Keys(o.members)) }

// Raw returns the member as it was sent, nil if it is missing.
func (o *Object) Raw(name string) json.RawMessage { return o.members[name] }

// Empty reports whether the member is missing, null, or an empty text, list or
// object.
func (o *Object) Empty(name string) bool {
	var compact bytes.Buffer
	if err := json.Compact(&compact, o.members[name]); err != nil {
		return true
	}
	return slices.Contains([]string{"", "null", `""`, "[]", "{}"}, compact.String())
}

// String reads a text. Missing and null are "". ok is false for other types.
func (o *Object) String(name string) (value string, present, ok bool) {
	raw, present := o.members[name]
	if !present || isNull(raw) {
		return "", present, true
	}
	if raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return "", true, false
	}
	return value, true, true
}

// Code reads a text that may have been sent as a number: a one-time code or an
// id. The number is taken as it was written.
func (o *Object) Code(name string) (value string, present, ok bool) {
	raw := o.members[name]
	if len(raw) > 0 && raw[0] >= '0' && raw[0] <= '9' {
		return string(raw), true, true
	}
	return o.String(name)
}

// Bool reads true or false. Missing and null are false. ok is false for other
// types.
func (o *Object) Bool(name string) (value, present, ok bool) {
	raw, present := o.members[name]
	switch {
	case !present || isNull(raw) || string(raw) == "false":
		return false, present, true
	case string(raw) == "true":
		return true, true, true
	}
	return false, true, false
}

// IDs reads a list of numeric ids, each a number or a text. The code tells what
// is wrong: "required", "invalid_list" or "invalid_pk_value"; it is empty if
// nothing is.
func (o *Object) IDs(name string) (ids []string, code string) {
	if o.Empty(name) {
		return nil, "required"
	}
	var list []json.RawMessage
	if json.Unmarshal(o.members[name], &list) != nil {
		return nil, "invalid_list"
	}
	for _, raw := range list {
		id := string(raw)
		if raw[0] == '"' && json.Unmarshal(raw, &id) != nil {
			return nil, "invalid_pk_value"
		}
		n, err := strconv.ParseUint(id, 10, 63)
		if err != nil {
			return nil, "invalid_pk_value"
		}
		ids = append(ids, strconv.FormatUint(n, 10))
	}
	return ids, ""
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }
