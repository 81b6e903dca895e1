package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/allauth-go/allauth/headless"
)

// contract is the OpenAPI document, but stricter than published: responses may
// have only the described members. It is safe for concurrent use.
type contract struct {
	Paths      map[string]pathItem
	Components struct{ Responses map[string]response }

	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

type pathItem struct{ Get, Post, Put, Patch, Delete *operation }

type operation struct {
	Responses map[string]response
	Codes     map[string][]string `json:"x-error-codes"`
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]json.RawMessage
}

const resource = "openapi.json"

var published = sync.OnceValues(func() (*contract, error) {
	c := &contract{compiler: jsonschema.NewCompiler()}
	if err := json.Unmarshal(headless.Specification(), c); err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(headless.Specification()))
	if err != nil {
		return nil, err
	}
	closeObjects(document)
	return c, c.compiler.AddResource(resource, document)
})

// closeObjects forbids members that are not described, unless the description
// says otherwise.
func closeObjects(node any) {
	switch node := node.(type) {
	case []any:
		for _, entry := range node {
			closeObjects(entry)
		}
	case map[string]any:
		for _, member := range node {
			closeObjects(member)
		}
		if _, described := node["properties"]; described && node["additionalProperties"] == nil {
			node["additionalProperties"] = false
		}
	}
}

// check returns an error unless the document describes the response. The path is
// one like /_allauth/app/v1/config; own are further problems of this host.
func (c *contract) check(method, path string, answer *recorder, own []string) error {
	found := c.operation(method, path)
	if found == nil || answer.status == http.StatusNotFound && answer.body.String() == `{"status":404}` {
		return answer.checkRefusal(method) // the feature is off
	}
	name, described := c.response(found, answer.status)
	if described == nil {
		return fmt.Errorf("status %d is not described", answer.status)
	}
	if err := c.checkBody(name, described, answer, method); err != nil {
		return err
	}
	if answer.status != http.StatusBadRequest {
		return nil
	}
	return found.checkCodes(answer.body.Bytes(), own)
}

// operation returns the description of a method at a path, or nil.
func (c *contract) operation(method, path string) *operation {
	segments := strings.Split(path, "/")
	for template, item := range c.Paths {
		if slices.EqualFunc(strings.Split(template, "/"), segments, matches) {
			return item.operation(method)
		}
	}
	return nil
}

// matches reports whether a segment of a path matches one of the document.
func matches(template, segment string) bool {
	switch template {
	case "{client}":
		return segment == "app" || segment == "browser"
	case "{id}":
		return segment != ""
	}
	return template == segment
}

func (p pathItem) operation(method string) *operation {
	switch method {
	case http.MethodGet, http.MethodHead:
		return p.Get
	case http.MethodPost:
		return p.Post
	case http.MethodPut:
		return p.Put
	case http.MethodPatch:
		return p.Patch
	case http.MethodDelete:
		return p.Delete
	}
	return nil
}

// response returns the description of a status, and the name of its component.
func (c *contract) response(o *operation, status int) (string, *response) {
	reference, ok := o.Responses[strconv.Itoa(status)]
	if !ok {
		reference = o.Responses[strconv.Itoa(status/100)+"XX"]
	}
	name := strings.TrimPrefix(reference.Ref, "#/components/responses/")
	component, ok := c.Components.Responses[name]
	if !ok {
		return "", nil
	}
	return name, &component
}

func (c *contract) checkBody(name string, described *response, answer *recorder, method string) error {
	if len(described.Content) == 0 && answer.body.Len() == 0 {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(answer.Header().Get("Content-Type"))
	if err != nil {
		return err
	}
	if described.Content[mediaType] == nil {
		return fmt.Errorf("%s is not described", mediaType)
	}
	if method == http.MethodHead || !strings.HasSuffix(mediaType, "json") {
		return nil
	}
	schema, err := c.schema(name, mediaType)
	if err != nil {
		return err
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer.body.Bytes()))
	if err != nil {
		return err
	}
	return schema.Validate(body)
}

// schema compiles the schema of a response, once.
func (c *contract) schema(name, mediaType string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.compiler.Compile(resource + "#/components/responses/" + name + "/content/" + strings.ReplaceAll(mediaType, "/", "~1") + "/schema")
}

// sentence is the form of messages for users.
var sentence = regexp.MustCompile(`^\p{Lu}.+\.$`)

// checkCodes returns an error for codes that are not described, and for missing
// messages.
func (o *operation) checkCodes(body []byte, own []string) error {
	var answer struct {
		Errors []struct{ Code, Param, Message string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	for _, e := range answer.Errors {
		problem := strings.TrimPrefix(e.Param+":"+e.Code, ":")
		if !slices.Contains(o.Codes[e.Param], e.Code) && !slices.Contains(own, problem) {
			return fmt.Errorf("the problem %s is not described", problem)
		}
		if !slices.Contains(own, problem) && !sentence.MatchString(e.Message) {
			return fmt.Errorf("the message of the problem %s is no sentence: %q", problem, e.Message)
		}
	}
	return nil
}
