package ui

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/headless"
)

var update = flag.Bool("update", false, "rewrite the generated files")

// The types of the client are those of the OpenAPI document:
//
//	go test ./ui -run Types -update
func TestTypesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	const file = "client/api.d.ts"
	want := generateTypes(t, headless.Specification())
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not generated from headless/openapi.json: go test ./ui -run Types -update", file)
	}
}

// schema is a JSON Schema of the document, as far as types of TypeScript follow from it.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 any                `json:"type"`
	Const                any                `json:"const"`
	Minimum              *int               `json:"minimum"`
	Enum                 []any              `json:"enum"`
	Description          string             `json:"description"`
	Properties           map[string]*schema `json:"properties"`
	Required             []string           `json:"required"`
	Items                *schema            `json:"items"`
	AnyOf                []*schema          `json:"anyOf"`
	OneOf                []*schema          `json:"oneOf"`
	AdditionalProperties bool               `json:"additionalProperties"`
}

type content map[string]struct{ Schema *schema }

type openAPI struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas   map[string]*schema
		Responses map[string]struct{ Content content }
	}
}

var pathOfEndpoint = regexp.MustCompile(`^/_allauth/(?:\{client\}|app|browser)/v1/(.*)$`)

// generateTypes returns the declarations of all schemas, responses and operations.
func generateTypes(t *testing.T, document []byte) []byte {
	t.Helper()
	var doc openAPI
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("// Generated from headless/openapi.json by go test ./ui -run Types -update.\n")
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		s := doc.Components.Schemas[name]
		comment(&b, s.Description, "")
		fmt.Fprintf(&b, "export type %s = %s;\n", name, typeOf(s, ""))
	}
	b.WriteString("\n// The responses, by name.\n")
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Responses)) {
		if body, ok := doc.Components.Responses[name].Content["application/json"]; ok {
			fmt.Fprintf(&b, "export type %sResponse = %s;\n", name, typeOf(body.Schema, ""))
		}
	}
	b.WriteString("\n/** The operations, by method and path, with what they take and all that they answer. */\nexport interface Operations {\n")
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		endpoint := pathOfEndpoint.FindStringSubmatch(path)
		if endpoint == nil {
			continue
		}
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			if raw, ok := doc.Paths[path][method]; ok {
				writeOperation(t, &b, strings.ToUpper(method)+" "+endpoint[1], raw)
			}
		}
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func writeOperation(t *testing.T, b *bytes.Buffer, name string, raw json.RawMessage) {
	t.Helper()
	var operation struct {
		Summary     string
		RequestBody struct{ Content content }
		Responses   map[string]struct {
			Ref string `json:"$ref"`
		}
	}
	if err := json.Unmarshal(raw, &operation); err != nil {
		t.Fatal(err)
	}
	body := "undefined"
	if c, ok := operation.RequestBody.Content["application/json"]; ok {
		body = typeOf(c.Schema, "  ")
	}
	var answers []string
	for _, status := range slices.Sorted(maps.Keys(operation.Responses)) {
		if status < "300" || status >= "400" {
			answers = append(answers, lastElement(operation.Responses[status].Ref)+"Response")
		}
	}
	if len(answers) == 0 {
		return
	}
	comment(b, operation.Summary+".", "  ")
	fmt.Fprintf(b, "  '%s': {body: %s; answer: %s};\n", name, body, strings.Join(answers, " | "))
}

func comment(b *bytes.Buffer, text, indent string) {
	if text != "" {
		fmt.Fprintf(b, "%s/** %s */\n", indent, text)
	}
}

func lastElement(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// typeOf returns the type of a schema.
func typeOf(s *schema, indent string) string {
	union := func(all []*schema) string {
		var types []string
		for _, one := range all {
			types = append(types, typeOf(one, indent))
		}
		return strings.Join(types, " | ")
	}
	switch {
	case s.Ref != "":
		return lastElement(s.Ref)
	case s.Const != nil:
		return literal(s.Const)
	case s.Enum != nil:
		var values []string
		for _, value := range s.Enum {
			values = append(values, literal(value))
		}
		return strings.Join(values, " | ")
	case s.AnyOf != nil:
		return union(s.AnyOf)
	case s.OneOf != nil:
		return union(s.OneOf)
	}
	if kinds, ok := s.Type.([]any); ok {
		var types []string
		for _, kind := range kinds {
			types = append(types, typeOf(&schema{Type: kind}, indent))
		}
		return strings.Join(types, " | ")
	}
	switch s.Type {
	case "integer", "number":
		if s.Minimum != nil && *s.Minimum == 500 { // literals, so that a comparison of statuses narrows the type
			return "500 | 502 | 503 | 504"
		}
		return "number"
	case "string", "boolean", "null":
		return s.Type.(string)
	case "array":
		return "Array<" + typeOf(s.Items, indent) + ">"
	}
	return objectType(s, indent)
}

func literal(value any) string {
	if text, ok := value.(string); ok {
		return "'" + text + "'"
	}
	return fmt.Sprint(value)
}

func objectType(s *schema, indent string) string {
	if len(s.Properties) == 0 && !s.AdditionalProperties {
		return "Record<string, unknown>"
	}
	var b bytes.Buffer
	b.WriteString("{\n")
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		comment(&b, property.Description, indent+"  ")
		optional := "?"
		if slices.Contains(s.Required, name) {
			optional = ""
		}
		fmt.Fprintf(&b, "%s  %s%s: %s;\n", indent, name, optional, typeOf(property, indent+"  "))
	}
	if s.AdditionalProperties {
		fmt.Fprintf(&b, "%s  [member: string]: unknown;\n", indent)
	}
	b.WriteString(indent + "}")
	return b.String()
}
