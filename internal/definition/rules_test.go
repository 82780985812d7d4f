package definition

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rule is a rule of the platform, of its certification or of its tools for definitions. Each of
// breaks is a change to the committed definition that check must notice.
type rule struct {
	id, promise string
	check       func(d document, report func(format string, args ...any))
	breaks      []edit
}

// edit is a change to a definition: it sets the JSON value at a pointer, or removes it if value is
// empty. An edit without a pointer replaces text; its value is "old => new".
type edit struct{ pointer, value string }

var rules = slices.Concat(generalRules, operationRules, parameterRules, answerRules, textRules)

func TestCommittedDefinitionFollowsRule(t *testing.T) {
	committed := parse(t, file(t, committedFile))
	for _, r := range rules {
		t.Run(r.id+" "+r.promise, func(t *testing.T) {
			for _, problem := range problems(r, committed) {
				t.Error(problem)
			}
		})
	}
}

// TestRuleNoticesBreaks proves that each rule can fail.
func TestRuleNoticesBreaks(t *testing.T) {
	committed := parse(t, file(t, committedFile))
	for _, r := range rules {
		t.Run(r.id, func(t *testing.T) {
			if len(r.breaks) == 0 {
				t.Error("no break proves that the rule can fail")
			}
			for _, e := range r.breaks {
				expectNoticed(t, r, e, committed)
			}
		})
	}
}

// TestRuleIgnoresEdit proves that a break is noticed for what it changes and not because the
// definition was edited.
func TestRuleIgnoresEdit(t *testing.T) {
	edited, err := edit{"/info/version", `"1.0.1"`}.apply(parse(t, file(t, committedFile)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if r.id == "G8" { // the only rule about layout, which its breaks edit as text
			continue
		}
		t.Run(r.id, func(t *testing.T) {
			for _, problem := range problems(r, edited) {
				t.Error(problem)
			}
		})
	}
}

// TestEntraDefinitionFollowsRule checks the definitions for sign-ins with Entra ID, which differ in
// their security scheme.
func TestEntraDefinitionFollowsRule(t *testing.T) {
	for signIn := range accounts {
		d := parse(t, generated(t, signIn))
		for _, r := range rules {
			t.Run(signIn+" "+r.id, func(t *testing.T) {
				for _, problem := range problems(r, d) {
					t.Error(problem)
				}
				if r.id != "G7" {
					return
				}
				for _, e := range accountBreaks {
					expectNoticed(t, r, e, d)
				}
			})
		}
	}
}

func expectNoticed(t *testing.T, r rule, e edit, d document) {
	t.Helper()
	edited, err := e.apply(d)
	if e.pointer == "" && r.id == "G1" && errors.As(err, new(*json.SyntaxError)) { // the rule that wants JSON
		return
	}
	if err != nil {
		t.Fatalf("%s %s: %v", e.pointer, e.value, err)
	}
	if len(problems(r, edited)) == 0 {
		t.Errorf("%s %s: not noticed", e.pointer, e.value)
	}
}

func problems(r rule, d document) (found []string) {
	r.check(d, func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) })
	return found
}

// generated returns the connector's definition for a way to sign in.
func generated(t *testing.T, signIn string) []byte {
	t.Helper()
	text, err := Generate(file(t, specFile), signIns[signIn])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// apply returns an edited copy of d.
func (e edit) apply(d document) (document, error) {
	if e.pointer == "" {
		old, new, _ := strings.Cut(e.value, " => ")
		if !bytes.Contains(d.text, []byte(old)) {
			return d, fmt.Errorf("no %q to replace", old)
		}
		return parseText(bytes.Replace(d.text, []byte(old), []byte(new), 1))
	}
	root := clone(d.root).(object)
	if err := set(root, strings.Split(e.pointer, "/")[1:], e.value); err != nil {
		return d, err
	}
	text, err := json.Marshal(root)
	return document{text: text, root: root}, err
}

// clone copies a JSON value deeply.
func clone(v any) any {
	switch v := v.(type) {
	case object:
		o := make(object, len(v))
		for key, value := range v {
			o[key] = clone(value)
		}
		return o
	case []any:
		l := make([]any, len(v))
		for i, value := range v {
			l[i] = clone(value)
		}
		return l
	}
	return v
}

// set sets the value at a path below at.
func set(at any, path []string, value string) error {
	key := strings.NewReplacer("~1", "/", "~0", "~").Replace(path[0])
	if len(path) > 1 {
		next := member(at, key)
		if next == nil {
			return fmt.Errorf("nothing at %q of %v", key, path)
		}
		return set(next, path[1:], value)
	}
	parent := at.(object)
	if value == "" {
		if _, ok := parent[key]; !ok {
			return fmt.Errorf("no %q to remove", key)
		}
		delete(parent, key)
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return err
	}
	parent[key] = v
	return nil
}

func member(at any, key string) any {
	if list, ok := at.([]any); ok {
		i, _ := strconv.Atoi(key)
		return list[i]
	}
	return at.(object)[key]
}

type object = map[string]any

// document is a definition. It is parsed without kin-openapi, so that the rules see what the
// platform sees.
type document struct {
	text []byte
	root object
}

func parse(t *testing.T, text []byte) document {
	t.Helper()
	d, err := parseText(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func parseText(text []byte) (document, error) {
	d := document{text: text}
	return d, json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &d.root)
}

type operation struct {
	path, method string
	object
}

func (o operation) id() string { return text(o.object, "operationId") }

// parameter is a parameter of one operation.
type parameter struct {
	of     operation
	shared bool // is a reference to #/parameters
	object
}

// schema is a schema somewhere in a response. Properties have a name.
type schema struct {
	place, name string
	depth       int
	object
}

func (d document) operations() (all []operation) {
	paths := sub(d.root, "paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for _, method := range slices.Sorted(maps.Keys(sub(paths, path))) {
			if method != "parameters" && !strings.HasPrefix(method, "x-") {
				all = append(all, operation{path, method, sub(paths, path, method)})
			}
		}
	}
	return all
}

func (d document) parameters() (all []parameter) {
	for _, op := range d.operations() {
		for _, p := range list(op.object, "parameters") {
			_, shared := p.(object)["$ref"]
			all = append(all, parameter{op, shared, d.resolve(p)})
		}
	}
	return all
}

// schemas returns all schemas of the responses of op, with references resolved. A schema that
// contains itself ends in one of depth tooDeep.
func (d document) schemas(op operation) (all []schema) {
	for status, response := range sub(op.object, "responses") {
		if s, ok := d.resolve(response)["schema"].(object); ok {
			all = d.below(all, schema{place: op.id() + " " + status, object: s}, nil)
		}
	}
	return all
}

func (d document) below(all []schema, s schema, open []string) []schema {
	if ref := text(s.object, "$ref"); ref != "" {
		if slices.Contains(open, ref) {
			return append(all, schema{place: s.place, depth: tooDeep, object: object{}})
		}
		open = append(slices.Clone(open), ref)
		s.object = d.resolve(s.object)
	}
	all = append(all, s)
	for name, property := range sub(s.object, "properties") {
		all = d.below(all, schema{s.place + "." + name, name, s.depth + 1, property.(object)}, open)
	}
	if items, ok := s.object["items"].(object); ok {
		all = d.below(all, schema{s.place + "[]", "", s.depth + 1, items}, open)
	}
	return all
}

// tooDeep stands for the depth of a schema that contains itself.
const tooDeep = 1000

func (d document) resolve(v any) object {
	o := v.(object)
	ref := text(o, "$ref")
	if ref == "" {
		return o
	}
	kind, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/"), "/")
	return sub(d.root, kind, name)
}

// objects visits every object whose keys are keywords and not names.
func (d document) objects(visit func(place string, o object)) {
	names := map[string]bool{"paths": true, "definitions": true, "parameters": true, "responses": true,
		"securityDefinitions": true, "properties": true}
	var walk func(place string, v any, keywords bool)
	walk = func(place string, v any, keywords bool) {
		switch v := v.(type) {
		case object:
			if keywords {
				visit(place, v)
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				_, isMap := v[key].(object)
				walk(place+"/"+key, v[key], !(keywords && names[key] && isMap))
			}
		case []any:
			for i, element := range v {
				walk(place+"/"+strconv.Itoa(i), element, true)
			}
		}
	}
	walk("", d.root, true)
}

// sub returns the object at the end of keys, or nil.
func sub(o object, keys ...string) object {
	for _, key := range keys {
		o, _ = o[key].(object)
	}
	return o
}

func list(o object, key string) []any {
	l, _ := o[key].([]any)
	return l
}

func text(o object, key string) string {
	s, _ := o[key].(string)
	return s
}

// label returns what a maker sees instead of a name.
func label(o object) string {
	if s := text(o, "x-ms-summary"); s != "" {
		return s
	}
	return text(o, "title")
}
