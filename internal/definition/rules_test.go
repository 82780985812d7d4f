package definition

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A rule is one that the platform, its certification or its tools have for a definition. Every break is a change to the
// committed definition that the check has to notice.
type rule struct {
	id, says string
	check    func(d definition, wrong func(format string, args ...any))
	breaks   []edit
}

// An edit puts a JSON value at a place of the definition, or removes what is there. One without a place replaces text.
type edit struct{ place, value string }

var rules = slices.Concat(generalRules, operationRules, parameterRules, answerRules)

func TestRules(t *testing.T) {
	committed := file(t, committedFile)
	for _, r := range rules {
		t.Run(r.id, func(t *testing.T) {
			t.Log(r.says)
			for _, problem := range problems(t, r, committed) {
				t.Error(problem)
			}
			if r.breaks == nil {
				t.Error("nothing proves that the rule can fail")
			}
			for _, e := range r.breaks {
				if len(problems(t, r, e.apply(t, committed))) == 0 {
					t.Errorf("%s %s: not noticed", e.place, e.value)
				}
			}
		})
	}
}

// TestRulesOfAccounts holds the definitions of the sign-ins at Entra ID to the same rules. What they have of their own
// is the sign-in, and so are the breaks.
func TestRulesOfAccounts(t *testing.T) {
	for signIn := range accounts {
		text := generated(t, signIn)
		for _, r := range rules {
			for _, problem := range problems(t, r, text) {
				t.Errorf("%s: %s: %s", signIn, r.id, problem)
			}
			if r.id != "G7" {
				continue
			}
			for _, e := range accountBreaks {
				if len(problems(t, r, e.apply(t, text))) == 0 {
					t.Errorf("%s: %s %s: not noticed", signIn, e.place, e.value)
				}
			}
		}
	}
}

// TestRulesPassAfterEdits proves that a break is noticed for what it changes, not for the change of form that editing is.
func TestRulesPassAfterEdits(t *testing.T) {
	text := edit{"/info/version", `"1.0.0"`}.apply(t, file(t, committedFile))
	for _, r := range rules {
		if r.id == "G8" { // the one rule about the form; its breaks replace text
			continue
		}
		for _, problem := range problems(t, r, text) {
			t.Errorf("%s: %s", r.id, problem)
		}
	}
}

func problems(t *testing.T, r rule, text []byte) (found []string) {
	t.Helper()
	d := definition{text: text}
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &d.root); err != nil {
		if r.id != "G1" { // no break but that of G1 may be noticed for being no JSON
			t.Fatal(err)
		}
		return []string{err.Error()}
	}
	r.check(d, func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) })
	return found
}

func (e edit) apply(t *testing.T, text []byte) []byte {
	t.Helper()
	if e.place == "" {
		old, new, _ := strings.Cut(e.value, " => ")
		if !bytes.Contains(text, []byte(old)) {
			t.Fatalf("no %q to replace", old)
		}
		return bytes.Replace(text, []byte(old), []byte(new), 1)
	}
	var root any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	set(t, root, strings.Split(e.place, "/")[1:], e.value)
	edited, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return edited
}

func set(t *testing.T, at any, place []string, value string) {
	t.Helper()
	key := strings.NewReplacer("~1", "/", "~0", "~").Replace(place[0])
	if len(place) > 1 {
		next := member(at, key)
		if next == nil {
			t.Fatalf("nothing at %q of %v", key, place)
		}
		set(t, next, place[1:], value)
		return
	}
	parent := at.(object)
	if value == "" {
		if _, ok := parent[key]; !ok {
			t.Fatalf("no %q to remove", key)
		}
		delete(parent, key)
		return
	}
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	parent[key] = v
}

func member(at any, key string) any {
	if list, ok := at.([]any); ok {
		i, _ := strconv.Atoi(key)
		return list[i]
	}
	return at.(object)[key]
}

type object = map[string]any

// A definition is read without kin-openapi, so that the rules see what the platform will see.
type definition struct {
	text []byte
	root object
}

type operation struct {
	path, method string
	object
}

func (o operation) id() string { return text(o.object, "operationId") }

// A parameter is listed once for every operation that has it.
type parameter struct {
	of     operation
	shared bool // defined in #/parameters
	object
}

// A schema is one that an answer has somewhere; it is a property where it has a name.
type schema struct {
	place, name string
	depth       int
	object
}

func (d definition) operations() (all []operation) {
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

func (d definition) parameters() (all []parameter) {
	for _, op := range d.operations() {
		for _, p := range list(op.object, "parameters") {
			_, shared := p.(object)["$ref"]
			all = append(all, parameter{op, shared, d.resolve(p)})
		}
	}
	return all
}

// schemas walks every answer of op, references included. A schema that contains itself is visited once more, which is
// enough to see that it does.
func (d definition) schemas(op operation) (all []schema) {
	for status, response := range sub(op.object, "responses") {
		if s, ok := d.resolve(response)["schema"].(object); ok {
			all = d.below(all, schema{place: op.id() + " " + status, object: s}, nil)
		}
	}
	return all
}

func (d definition) below(all []schema, s schema, open []string) []schema {
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

// tooDeep is the depth of a schema that contains itself.
const tooDeep = 1000

func (d definition) resolve(v any) object {
	o := v.(object)
	ref := text(o, "$ref")
	if ref == "" {
		return o
	}
	kind, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/"), "/")
	return sub(d.root, kind, name)
}

// objects visits every object whose keys are keywords, not names.
func (d definition) objects(visit func(place string, o object)) {
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

// sub is the object at the end of keys, nil where there is none.
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

// label is what a maker sees instead of a name.
func label(o object) string {
	if s := text(o, "x-ms-summary"); s != "" {
		return s
	}
	return text(o, "title")
}
