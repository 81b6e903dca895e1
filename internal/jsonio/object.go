package jsonio

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/allauth-go/allauth/authn/code"
)

// Object is a JSON object. The zero value is empty. It is safe for concurrent
// use. Its readers find a member by its exact name; a missing one and null read
// as the empty value.
type Object struct {
	members []member
}

type member struct {
	name string
	raw  json.RawMessage // without blanks around it
}

// Has reports whether the member is there, if only as null.
func (o *Object) Has(name string) bool { return o.Raw(name) != nil }

// Names returns the names of the members, sorted.
func (o *Object) Names() []string {
	names := make([]string, 0, len(o.members))
	for _, m := range o.members {
		names = append(names, m.name)
	}
	slices.Sort(names)
	return names
}

// Raw returns the member as it was sent, or nil if it is missing. It must not
// be changed.
func (o *Object) Raw(name string) json.RawMessage {
	for _, m := range o.members {
		if m.name == name {
			return m.raw
		}
	}
	return nil
}

// Empty reports whether the member is missing, null, or an empty text, list or
// object.
func (o *Object) Empty(name string) bool {
	raw := o.Raw(name)
	if raw == nil || isNull(raw) || string(raw) == `""` {
		return true
	}
	if raw[0] != '[' && raw[0] != '{' {
		return false
	}
	for _, c := range raw[1 : len(raw)-1] {
		if !isSpace(c) {
			return false
		}
	}
	return true
}

// String reads a text as it is, blanks included. present is false if the member
// is missing, ok if it is neither a text nor null.
func (o *Object) String(name string) (value string, present, ok bool) {
	raw := o.Raw(name)
	if raw == nil || isNull(raw) {
		return "", raw != nil, true
	}
	if raw[0] != '"' {
		return "", true, false
	}
	value, ok = unquote(raw)
	return value, true, ok
}

// Code reads a text that may have been sent as a number: a one-time code or an
// id. The number is taken as it was written. present and ok are those of
// String.
func (o *Object) Code(name string) (value string, present, ok bool) {
	if raw := o.Raw(name); isNumber(raw) {
		return string(raw), true, true
	}
	return o.String(name)
}

// Bool reads true or false. present is false if the member is missing, ok if it
// is none of true, false and null.
func (o *Object) Bool(name string) (value, present, ok bool) {
	switch raw := o.Raw(name); string(raw) {
	case "", "null", "false":
		return false, raw != nil, true
	case "true":
		return true, true, true
	}
	return false, true, false
}

// IDs reads a list of ids, each a whole number or such a number as a text, and
// returns them as decimal numbers without leading zeros. refused is
// code.Required for a member that is Empty, code.InvalidList for anything else that
// is not a list, code.InvalidPKValue for an entry that is no such id, otherwise "".
func (o *Object) IDs(name string) (ids []string, refused string) {
	if o.Empty(name) {
		return nil, code.Required
	}
	var list []json.RawMessage
	if json.Unmarshal(o.Raw(name), &list) != nil {
		return nil, code.InvalidList
	}
	ids = make([]string, 0, len(list))
	for _, raw := range list {
		id := string(raw)
		if raw[0] == '"' {
			id, _ = unquote(raw)
		}
		n, err := strconv.ParseUint(id, 10, 63)
		if err != nil {
			return nil, code.InvalidPKValue
		}
		ids = append(ids, strconv.FormatUint(n, 10))
	}
	return ids, ""
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}
