package jsonio

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/allauth-go/allauth/authn/code"
)

// Object is a JSON object. The zero value is empty. It is safe for concurrent use. Its
// methods find a member by its exact name, and return the zero value for a missing
// member and for null.
type Object struct {
	members []member
}

type member struct {
	name string
	raw  json.RawMessage // without spaces around it
}

// Has reports whether the object has the member, null included.
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

// Raw returns the member as it was sent, or nil if it is missing. The caller must not
// change it.
func (o *Object) Raw(name string) json.RawMessage {
	for _, m := range o.members {
		if m.name == name {
			return m.raw
		}
	}
	return nil
}

// Empty reports whether the member is missing, null, or an empty string, array or
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

// String returns a string member as it was sent, spaces included. present is false if
// the member is missing. ok is false if it is neither a string nor null.
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

// Code is String for a one-time code or an id, which the client may have sent as a
// number. A number is returned as it was written.
func (o *Object) Code(name string) (value string, present, ok bool) {
	if raw := o.Raw(name); isNumber(raw) {
		return string(raw), true, true
	}
	return o.String(name)
}

// Bool returns a boolean member. present is false if the member is missing. ok is false
// if it is none of true, false and null.
func (o *Object) Bool(name string) (value, present, ok bool) {
	switch raw := o.Raw(name); string(raw) {
	case "", "null", "false":
		return false, raw != nil, true
	case "true":
		return true, true, true
	}
	return false, true, false
}

// IDs returns an array of ids, each a whole number or a string with one, as decimal
// numbers without leading zeros. refused is empty, or the code of the problem:
//   - code.Required for a member that is Empty,
//   - code.InvalidList for one that is not an array,
//   - code.InvalidPKValue for an entry that is not an id.
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
