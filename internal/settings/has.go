package settings

import (
	"reflect"
	"strings"
)

// Has reports whether a section of the file has a key.
func Has(section, key string) bool {
	field, ok := tagged(reflect.TypeFor[File](), section)
	if !ok {
		return false
	}
	_, ok = tagged(field, key)
	return ok
}

// tagged returns the type of the field of a struct, or of a pointer to one, with that name
// in JSON.
func tagged(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	for _, field := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); tag == name {
			return field.Type, true
		}
	}
	return nil, false
}
