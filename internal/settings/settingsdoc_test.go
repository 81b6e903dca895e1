package settings

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// keysOf returns the keys of a section of the file, including nested ones.
func keysOf(section reflect.Type, prefix string) []string {
	var keys []string
	for i := range section.NumField() {
		field := section.Field(i)
		inner := field.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		name := prefix + field.Tag.Get("json")
		switch {
		case field.Anonymous:
			keys = append(keys, keysOf(inner, prefix)...)
		case inner.Kind() == reflect.Struct && strings.HasSuffix(inner.Name(), "Settings"):
			if field.Type.Kind() == reflect.Slice {
				keys = append(keys, name)
			}
			keys = append(keys, keysOf(inner, name+".")...)
		default:
			keys = append(keys, name)
		}
	}
	return keys
}

var (
	documentedRow = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\| ")
	documentedKey = regexp.MustCompile("`([^`]+)`")
)

// The page of settings lists all keys, and no others.
func TestTheSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/server.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range documentedRow.FindAllStringSubmatch(string(page), -1) {
		for _, key := range documentedKey.FindAllStringSubmatch(row[1], -1) {
			documented = append(documented, key[1])
		}
	}
	keys := keysOf(reflect.TypeFor[File](), "")
	for _, key := range keys {
		if !slices.Contains(documented, key) {
			t.Errorf("docs/server.md lacks %s", key)
		}
	}
	for i, key := range documented {
		if !slices.Contains(keys, key) {
			t.Errorf("docs/server.md lists %s, which is no setting", key)
		}
		if slices.Contains(documented[:i], key) {
			t.Errorf("docs/server.md lists %s twice", key)
		}
	}
}

// The example of the page starts a server.
func TestTheExampleOfTheSettingsIsTrue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/server.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no example")
	}
	var s File
	if err := strict([]byte(example), &s); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Config(); err != nil {
		t.Error(err)
	}
}
