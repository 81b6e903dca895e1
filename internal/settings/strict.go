package settings

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// strict decodes one object with known keys and values of the right types.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return mistake(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the object; remove it")
	}
	return nil
}

// mistake returns an error that names the key with a value of the wrong type, and
// the right type.
func mistake(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return err
	case wrong.Field == "":
		return errors.New("it is not an object")
	}
	kinds := map[reflect.Type]string{
		reflect.TypeFor[duration]():   `a duration like "15m"`,
		reflect.TypeFor[quota]():      "a number, true or false",
		reflect.TypeFor[choices]():    "true, false or a list of texts",
		reflect.TypeFor[scopes]():     "a list, or a text with blanks",
		reflect.TypeFor[rateLimits](): `false or an object of texts like "5/m/user"`,
	}
	kind, ok := kinds[wrong.Type]
	if !ok {
		kind = map[reflect.Kind]string{
			reflect.Bool: "true or false", reflect.String: "a text", reflect.Slice: "a list", reflect.Struct: "an object", reflect.Map: "an object",
		}[wrong.Type.Kind()]
	}
	return fmt.Errorf("%s is of the wrong kind; use %s", wrong.Field, cmp.Or(kind, "a number"))
}

// wrongKind returns the error of a type that decodes itself.
func wrongKind[T any](text []byte) error {
	return &json.UnmarshalTypeError{Value: string(text), Type: reflect.TypeFor[T]()}
}
