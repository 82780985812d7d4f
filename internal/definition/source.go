package definition

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// allowedKeywords is the subset of OpenAPI 3.0 that FromV3 converts completely. Any other keyword
// is an error, because FromV3 would silently drop or change it. The table lists, per kind of
// object, the keywords that the object may have and the kind of each value: "x" is an object of
// kind x, "[x]" a list of them, "{x}" a map of them, "=a b" one of the words a and b, and "" a
// value that is copied.
var allowedKeywords = map[string]map[string]string{
	"document": {
		"openapi": "", "info": "info", "servers": "[server]", "security": "", "tags": "", "externalDocs": "",
		"paths": "{path}", "components": "components", "x-ms-": "",
	},
	"info": {
		"title": "", "description": "", "version": "", "termsOfService": "", "contact": "", "license": "", "x-ms-": "",
	},
	"server": {"url": ""},
	"components": {
		"schemas": "{schema}", "parameters": "{parameter}", "responses": "{response}", "securitySchemes": "{scheme}",
	},
	"path": {
		"get": "operation", "put": "operation", "post": "operation", "patch": "operation", "delete": "operation",
		"parameters": "[parameter]", "x-ms-": "",
	},
	"operation": {
		"operationId": "", "summary": "", "description": "", "tags": "", "deprecated": "", "security": "",
		"externalDocs": "", "parameters": "[parameter]", "responses": "{response}", "x-ms-": "",
	},
	"parameter": {
		"$ref": "", "name": "", "in": "=path query header", "required": "", "description": "", "schema": "value",
		"x-ms-": "",
	},
	"value": {
		"type": "=string integer number boolean", "format": formats, "enum": "", "default": "", "pattern": "",
		"minLength": "", "maxLength": "", "minimum": "", "maximum": "", "exclusiveMinimum": "", "exclusiveMaximum": "",
		"multipleOf": "",
	},
	"response": {"$ref": "", "description": "", "content": "content", "x-ms-": ""},
	"content":  {"application/json": "media", pdf: "file"},
	"media":    {"schema": "schema"},
	"file":     {"schema": "bytes"},
	"bytes":    {"type": "=string", "format": "=binary", "title": "", "description": "", "x-ms-": ""},
	"schema": {
		"$ref": "", "type": "=string integer number boolean array object", "format": formats, "title": "",
		"description": "", "example": "", "enum": "", "default": "", "pattern": "", "minLength": "", "maxLength": "",
		"minimum": "", "maximum": "", "exclusiveMinimum": "", "exclusiveMaximum": "", "multipleOf": "", "minItems": "",
		"maxItems": "", "uniqueItems": "", "minProperties": "", "maxProperties": "", "required": "", "readOnly": "",
		"externalDocs": "", "items": "schema", "properties": "{schema}", "x-ms-": "",
	},
	"scheme": {"type": "=apiKey", "in": "", "name": "", "description": ""},
}

// pdf is the only media type of a file; octets is the one that every client takes a file as.
const (
	pdf    = "application/pdf"
	octets = "application/octet-stream"
)

// formats are the formats that the platform knows, except binary, which is for files only.
const formats = "=int32 int64 float double byte date date-time email uri uuid password"

// componentNames maps the members of components to the names that they have in OpenAPI 2.0, at the
// top level.
var componentNames = map[string]string{
	"schemas":         "definitions",
	"parameters":      "parameters",
	"responses":       "responses",
	"securitySchemes": "securityDefinitions",
}

// rootOrder is the order of the top-level keys that the platform's guidelines recommend.
var rootOrder = []string{
	"swagger", "info", "host", "basePath", "schemes", "consumes", "produces", "paths", "definitions", "parameters",
	"responses", "securityDefinitions", "security",
}

// oauth2Order is the order of the keys in the security scheme for Entra ID, which is not in the
// spec.
var oauth2Order = []string{"type", "description", "flow", "authorizationUrl", "tokenUrl", "scopes"}

// A source is the spec, prepared for one way to sign in.
type source struct {
	signIn string
	root   *yaml.Node     // has no extensions other than the platform's
	order  map[string]int // position of each key, by its JSON pointer in the definition
}

// read parses the spec. One walk rejects keywords, removes extensions and records the order,
// because all three need to know the kind of each object, and so which keys are keywords and which
// are names.
func read(spec []byte, signIn string) (*source, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(spec, &file); err != nil {
		return nil, fmt.Errorf("parse the spec: %w", err)
	}
	if len(file.Content) == 0 {
		return nil, errors.New("the spec is empty")
	}
	s := &source{signIn: signIn, root: file.Content[0], order: map[string]int{}}
	if err := s.walk(s.root, "document", ""); err != nil {
		return nil, err
	}
	for i, key := range rootOrder {
		s.order["/"+key] = i - len(rootOrder)
	}
	for i, key := range oauth2Order {
		s.order[child("/securityDefinitions/"+oauth2, key)] = i
	}
	return s, nil
}

// walk visits n, which is of the given kind and at pointer in the definition.
func (s *source) walk(n *yaml.Node, kind, pointer string) error {
	s.order[pointer] = len(s.order)
	switch {
	case n.Kind == yaml.AliasNode:
		return errorAt(n, pointer, "an alias has no order of its own, write its value out")
	case strings.HasPrefix(kind, "="):
		return s.walkWord(n, kind, pointer)
	case n.Kind == yaml.ScalarNode && kind == "":
		return nil
	case n.Kind == yaml.SequenceNode && (kind == "" || kind[0] == '['):
		return s.walkList(n, strings.Trim(kind, "[]"), pointer)
	case n.Kind == yaml.MappingNode && (kind == "" || kind[0] == '{'):
		return s.walkMap(n, strings.Trim(kind, "{}"), pointer)
	case n.Kind == yaml.MappingNode && kind[0] != '[':
		return s.walkObject(n, kind, pointer)
	}
	if kind[0] == '[' {
		return errorAt(n, pointer, "want a list")
	}
	return errorAt(n, pointer, "want a mapping")
}

func (s *source) walkWord(n *yaml.Node, kind, pointer string) error {
	if words := strings.Fields(kind[1:]); !slices.Contains(words, n.Value) {
		return errorAt(n, pointer, fmt.Sprintf("%q is none of %s", n.Value, strings.Join(words, ", ")))
	}
	return nil
}

func (s *source) walkList(n *yaml.Node, kind, pointer string) error {
	for i, element := range n.Content {
		if err := s.walk(element, kind, child(pointer, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) walkMap(n *yaml.Node, kind, pointer string) error {
	for name, value := range pairs(n) {
		if err := s.walk(value, kind, child(pointer, name.Value)); err != nil {
			return err
		}
	}
	return nil
}

// walkObject visits an object with keywords and removes every extension that is not the platform's.
// The value of an extension x-SIGNIN-KEYWORD replaces that of KEYWORD if SIGNIN is the way to sign
// in.
func (s *source) walkObject(n *yaml.Node, kind, pointer string) error {
	var kept []*yaml.Node
	for key, value := range pairs(n) {
		if isOwnExtension(key.Value) {
			if of, ok := replacedKeyword(key.Value); ok && valueOf(n, of) == nil {
				return errorAt(key, pointer, fmt.Sprintf("there is no %q that %q could replace", of, key.Value))
			}
			continue
		}
		if other := valueOf(n, "x-"+s.signIn+"-"+key.Value); other != nil {
			value = other
		}
		if err := checkKeyword(n, key, kind, pointer); err != nil {
			return err
		}
		under := allowedKeywords[kind][keyword(key.Value)]
		if err := s.walk(value, under, pointerUnder(kind, pointer, key.Value)); err != nil {
			return err
		}
		if kind == "operation" && key.Value == "responses" {
			// a tie, so the name puts it before
			s.order[child(pointer, "produces")] = s.order[child(pointer, "responses")]
		}
		kept = append(kept, key, value)
	}
	n.Content = kept
	return nil
}

// checkKeyword returns an error if n, an object of the given kind, must not have the key.
func checkKeyword(n, key *yaml.Node, kind, pointer string) error {
	_, allowed := allowedKeywords[kind][keyword(key.Value)]
	switch {
	case !allowed:
		return errorAt(key, pointer, fmt.Sprintf("%q in %s cannot be converted", key.Value, kind))
	case key.Value == "$ref" && len(n.Content) > 2:
		return errorAt(key, pointer, "$ref must be the only key")
	case kind == "content" && len(n.Content) > 2:
		return errorAt(key, pointer, "a response must have one media type")
	case key.Value == pdf && strings.HasPrefix(pointer, "/responses/"):
		return errorAt(key, pointer, "a file cannot be shared, write it out in its operation")
	}
	return nil
}

// isOwnExtension reports whether a key is an extension of this project, not of the platform.
func isOwnExtension(key string) bool {
	return strings.HasPrefix(key, "x-") && !strings.HasPrefix(key, "x-ms-")
}

// replacedKeyword returns the keyword whose value an extension replaces for one way to sign in. It
// returns false for any other extension.
func replacedKeyword(extension string) (keyword string, ok bool) {
	for signIn := range accounts {
		if keyword, ok = strings.CutPrefix(extension, "x-"+signIn+"-"); ok {
			return keyword, true
		}
	}
	return "", false
}

// valueOf returns the value of a key in a mapping, or nil if it is absent.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for k, value := range pairs(n) {
		if k.Value == key {
			return value
		}
	}
	return nil
}

// keyword returns the entry in allowedKeywords for a key. All of the platform's extensions share
// one.
func keyword(key string) string {
	if strings.HasPrefix(key, "x-ms-") {
		return "x-ms-"
	}
	return key
}

// pointerUnder returns the JSON pointer in the definition for the value of key, in an object of the
// given kind at pointer.
func pointerUnder(kind, pointer, key string) string {
	switch {
	case kind == "components":
		return "/" + componentNames[key]
	case (kind == "parameter" && key == "schema") || (kind == "response" && key == "content") || kind == "content":
		return pointer // OpenAPI 2.0 does not have this level
	}
	return child(pointer, key)
}

// pointerEscaper escapes a key for a JSON pointer (RFC 6901, section 3).
var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// child returns the JSON pointer of key in the object or array at pointer.
func child(pointer, key string) string {
	return pointer + "/" + pointerEscaper.Replace(key)
}

// errorAt returns an error with the line of n in the spec and the pointer in the definition.
func errorAt(n *yaml.Node, pointer, text string) error {
	return fmt.Errorf("spec, line %d, #%s: %s", n.Line, pointer, text)
}

// pairs iterates over the keys and values of a mapping.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		for pair := range slices.Chunk(n.Content, 2) {
			if !yield(pair[0], pair[1]) {
				return
			}
		}
	}
}
