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

// carried is the part of OpenAPI 3.0 that reaches the definition whole: object by object the keywords it may have, each
// with what stands under it. "x" is an object of that kind, "[x]" a list and "{x}" a map of them, "=a b" one of the
// words a and b, and "" a value that is copied. FromV3 drops or mangles everything else without a word, so everything
// else is refused.
var carried = map[string]map[string]string{
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

// pdf is the one kind of file that an answer can be.
const pdf = "application/pdf"

// formats are those that the platform knows, but for binary, which only a whole answer can be.
const formats = "=int32 int64 float double byte date date-time email uri uuid password"

// hoisted are the members of components by the name that OpenAPI 2.0 has for them, where the document holds them.
var hoisted = map[string]string{
	"schemas":         "definitions",
	"parameters":      "parameters",
	"responses":       "responses",
	"securitySchemes": "securityDefinitions",
}

// rootOrder is the order of the document's members that the platform's guidelines ask for.
var rootOrder = []string{
	"swagger", "info", "host", "basePath", "schemes", "consumes", "produces", "paths", "definitions", "parameters",
	"responses", "securityDefinitions", "security",
}

// oauth2Order is the same of a sign-in at Entra ID, which no spec has.
var oauth2Order = []string{"type", "description", "flow", "authorizationUrl", "tokenUrl", "scopes"}

// A source is the spec as it reads for one way to sign in, without our own extensions, and the order of its keys by
// their place in the definition.
type source struct {
	signIn string
	root   *yaml.Node
	order  map[string]int
}

// read parses the spec and walks it once. To refuse, to strip and to note the order all need the same knowledge: which
// kind of object stands where, and so which key is a keyword and which a name.
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

// walk visits n, which is of the given kind and lands at place.
func (s *source) walk(n *yaml.Node, kind, place string) error {
	s.order[place] = len(s.order)
	switch {
	case n.Kind == yaml.AliasNode:
		return refuse(n, place, "an alias has no order of its own, write its value out")
	case strings.HasPrefix(kind, "="):
		return s.word(n, kind, place)
	case n.Kind == yaml.ScalarNode && kind == "":
		return nil
	case n.Kind == yaml.SequenceNode && (kind == "" || kind[0] == '['):
		return s.list(n, strings.Trim(kind, "[]"), place)
	case n.Kind == yaml.MappingNode && (kind == "" || kind[0] == '{'):
		return s.names(n, strings.Trim(kind, "{}"), place)
	case n.Kind == yaml.MappingNode && kind[0] != '[':
		return s.object(n, kind, place)
	}
	return refuse(n, place, "this is no "+kind)
}

func (s *source) word(n *yaml.Node, kind, place string) error {
	if words := strings.Fields(kind[1:]); !slices.Contains(words, n.Value) {
		return refuse(n, place, fmt.Sprintf("%q is none of %s", n.Value, strings.Join(words, ", ")))
	}
	return nil
}

func (s *source) list(n *yaml.Node, kind, place string) error {
	for i, element := range n.Content {
		if err := s.walk(element, kind, child(place, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) names(n *yaml.Node, kind, place string) error {
	for name, value := range pairs(n) {
		if err := s.walk(value, kind, child(place, name.Value)); err != nil {
			return err
		}
	}
	return nil
}

// object also strips n of our own extensions, which are of no use to the platform. Those that begin with the name of a
// sign-in hold what stands in the place of another value where that is the sign-in.
func (s *source) object(n *yaml.Node, kind, place string) error {
	var kept []*yaml.Node
	for key, value := range pairs(n) {
		if strings.HasPrefix(key.Value, "x-") && !strings.HasPrefix(key.Value, "x-ms-") {
			if of, ok := replaced(key.Value); ok && valueOf(n, of) == nil {
				return refuse(key, place, fmt.Sprintf("there is no %q that %q could replace", of, key.Value))
			}
			continue
		}
		if other := valueOf(n, "x-"+s.signIn+"-"+key.Value); other != nil {
			value = other
		}
		under, ok := carried[kind][keyword(key.Value)]
		if !ok {
			return refuse(key, place, fmt.Sprintf("%q in %s cannot be carried over", key.Value, kind))
		}
		if key.Value == "$ref" && len(n.Content) > 2 {
			return refuse(key, place, "nothing may stand beside $ref")
		}
		if kind == "content" && len(n.Content) > 2 {
			return refuse(key, place, "an answer has one media type")
		}
		if key.Value == pdf && strings.HasPrefix(place, "/responses/") {
			return refuse(key, place, "a file cannot be shared, write it out at its operation")
		}
		if err := s.walk(value, under, landing(kind, place, key.Value)); err != nil {
			return err
		}
		if kind == "operation" && key.Value == "responses" {
			s.order[child(place, "produces")] = s.order[child(place, "responses")] // and before them by name
		}
		kept = append(kept, key, value)
	}
	n.Content = kept
	return nil
}

// replaced is the keyword that one of our extensions replaces for a sign-in.
func replaced(extension string) (keyword string, ok bool) {
	for signIn := range accounts {
		if keyword, ok = strings.CutPrefix(extension, "x-"+signIn+"-"); ok {
			return keyword, true
		}
	}
	return "", false
}

// valueOf is the value under a key of a mapping, nil where there is none.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for k, value := range pairs(n) {
		if k.Value == key {
			return value
		}
	}
	return nil
}

// keyword is the entry of carried that a key falls under: the platform's extensions share one.
func keyword(key string) string {
	if strings.HasPrefix(key, "x-ms-") {
		return "x-ms-"
	}
	return key
}

// landing is where the value under a keyword stands in the definition.
func landing(kind, place, key string) string {
	switch {
	case kind == "components":
		return "/" + hoisted[key]
	case kind == "parameter" && key == "schema", kind == "response" && key == "content", kind == "content":
		return place // OpenAPI 2.0 lacks this level
	}
	return child(place, key)
}

// child is the JSON pointer to key below place.
func child(place, key string) string {
	return place + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

func refuse(n *yaml.Node, place, why string) error {
	return fmt.Errorf("spec, line %d, #%s: %s", n.Line, place, why)
}

// pairs are the keys and values of a mapping.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		for pair := range slices.Chunk(n.Content, 2) {
			if !yield(pair[0], pair[1]) {
				return
			}
		}
	}
}
