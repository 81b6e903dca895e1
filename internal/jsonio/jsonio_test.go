package jsonio

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

var malformedBodies = map[string]string{
	"half":                 `{"a":`,
	"list":                 `[]`,
	"text":                 `"x"`,
	"number":               `1`,
	"not a number":         `NaN`,
	"blank":                `  `,
	"trailing":             `{}{}`,
	"trailing comma":       `{"a":1,}`,
	"byte order mark":      "\ufeff{}",
	"invalid UTF-8":        "{\"a\":\"\xff\"}",
	"duplicate":            `{"a":1,"a":2}`,
	"duplicate, escaped":   `{"a":1,"\u0061":2}`,
	"nested duplicate":     `{"a":{"b":1,"b":2}}`,
	"lone high surrogate":  `{"a":"\ud800"}`,
	"lone low surrogate":   `{"a":"\udc00"}`,
	"swapped surrogates":   `{"a":"\udc00\ud800"}`,
	"high and a letter":    `{"a":"\ud800\u0061"}`,
	"surrogate in a name":  `{"\ud800":1}`,
	"deep lists":           `{"a":` + strings.Repeat("[", 100000/2) + strings.Repeat("]", 100000/2-40000) + `}`,
	"deep objects":         strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17),
	"control in a text":    "{\"a\":\"\x01\"}",
	"single quotes":        `{'a':1}`,
	"comment":              `{/* */}`,
	"leading zero":         `{"a":01}`,
	"infinite":             `{"a":Infinity}`,
	"too many members":     members(65),
	"raw escape":           `{"a":"\x41"}`,
	"surrogate, truncated": `{"a":"\ud8`,
}

func members(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, `"m`+strings.Repeat("x", i)+`":1`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// parse reads and parses a body.
func parse(body string) (*Object, error) {
	text, err := Read(strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

func TestMalformedBodies(t *testing.T) {
	t.Parallel()
	for name, body := range malformedBodies {
		if _, err := parse(body); !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWellFormedBodies(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":             "",
		"null":              "null",
		"object":            `{}`,
		"blank around":      " {} \n",
		"surrogate pair":    `{"a":"\ud83d\ude00"}`,
		"escaped escape":    `{"a":"\\ud800"}`,
		"as deep as can":    strings.Repeat(`{"a":`, 16) + "1" + strings.Repeat("}", 16),
		"as many as can":    members(64),
		"5000-digit number": `{"a":` + strings.Repeat("9", 5000) + `}`,
	} {
		if _, err := parse(body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	fits := `{"credential":"` + strings.Repeat("x", MaxBody-17) + `"}`
	if _, err := parse(fits); err != nil {
		t.Errorf("%d bytes: %v", len(fits), err)
	}
	if _, err := parse(fits + " "); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%d bytes: %v", len(fits)+1, err)
	}
}

func TestNamesAreExact(t *testing.T) {
	t.Parallel()
	o, err := parse(`{"EMAIL":"a","pa\u017f\u017fword":"b"}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"email", "password"} {
		if value, present, ok := o.String(name); value != "" || present || !ok {
			t.Errorf("%s: %q %v %v", name, value, present, ok)
		}
	}
}

func TestReaders(t *testing.T) {
	t.Parallel()
	o, err := parse(`{"text":" x ","null":null,"number":12,"float":1.5,"list":["a"],"true":true,
		"ids":[1,"2"],"bad":[-1],"mixed":[{}],"empty":[],"object":{}}`)
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		value       string
		present, ok bool
	}
	for name, want := range map[string]result{
		"text": {" x ", true, true}, "null": {"", true, true}, "missing": {"", false, true},
		"number": {"", true, false}, "list": {"", true, false}, "true": {"", true, false},
	} {
		value, present, ok := o.String(name)
		if got := (result{value, present, ok}); got != want {
			t.Errorf("String(%s): %+v", name, got)
		}
	}
	if value, _, ok := o.Code("number"); value != "12" || !ok {
		t.Errorf("Code(number): %q %v", value, ok)
	}
	if _, _, ok := o.Code("list"); ok {
		t.Error("Code(list) was accepted")
	}
	if value, _, ok := o.Bool("true"); !value || !ok {
		t.Error("Bool(true) is not true")
	}
	if _, _, ok := o.Bool("text"); ok {
		t.Error("Bool(text) was accepted")
	}
	if ids, code := o.IDs("ids"); !slices.Equal(ids, []string{"1", "2"}) || code != "" {
		t.Errorf("IDs(ids): %v %q", ids, code)
	}
	for name, want := range map[string]string{
		"missing": "required", "null": "required", "empty": "required", "text": "invalid_list", "number": "invalid_list",
		"bad": "invalid_pk_value", "mixed": "invalid_pk_value", "list": "invalid_pk_value",
	} {
		if _, code := o.IDs(name); code != want {
			t.Errorf("IDs(%s): %q, want %q", name, code, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, body := range malformedBodies {
		if len(body) < 1000 {
			f.Add(body)
		}
	}
	f.Add(`{"email":"a@b.example","password":"x","n":[1,{"c":null}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		o, err := parse(body)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		var plain map[string]any
		if body != "" && json.Unmarshal([]byte(body), &plain) != nil {
			t.Fatalf("accepted what encoding/json refuses: %q", body)
		}
		if len(plain) != len(o.Names()) {
			t.Fatalf("%d members, encoding/json has %d", len(o.Names()), len(plain))
		}
		for _, name := range o.Names() {
			o.String(name)
			o.Code(name)
			o.Bool(name)
			o.IDs(name)
		}
	})
}
