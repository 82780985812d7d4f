package mapping_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/partner-center/connector/internal/mapping"
)

// FuzzAppend compares the projection with a naive implementation of the same rules, and checks its
// output against the schema with additional properties forbidden.
func FuzzAppend(f *testing.F) {
	collection, single := newPair(f, shape), newPair(f, singleShape)
	for _, seed := range []string{
		`{}`,
		item(
			`"id":"a","amount":1.50,"quantity":5.0,"active":true,"profile":{"domain":"contoso.com"},"domains":["a",` +
				`null],"lines":[{"number":1}]`),
		`{"totalCount":2,"items":[{"id":null,"links":{"self":[{}]}},null],"attributes":{"objectType":"Collection"}}`,
		"\xef\xbb\xbf" + `{"items":null,"totalCount":"04"}`,
		item(`"id":"\ud83d\ude00\ud83d","version":9223372036854775808`),
		item(`"id":"a","\u0069d":"b"`), `{"x":[[[[1e5,-0.0,"\\"]]]]}`,
		`{"items":[{"amount":1e999,"quantity":2147483648}]}`,
		`{"items":[}`, `{"a":"` + "\xc3\x28" + `"}`,
		`{"foo":1}`, `{"id":null}`, `{"i\u0064":7,"addresses":[{"line1":"a"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		collection.compare(t, src)
		single.compare(t, src)
	})
}

// FuzzSimilar projects collections of two elements that resemble each other, several times each,
// because those are read by comparison. The second element is the first one with a part of it
// replaced.
func FuzzSimilar(f *testing.F) {
	p := newPair(f, shape)
	const element = `{"id":"a1","amount":1.50,"quantity":5.0` +
		`,"active":true,"profile":{"domain":"contoso.com","x":[1]},` +
		`"serial":12,"domains":["a",null],"lines":[{"number":1}],"version":"x","links":{"self":{"uri":"/a1"}},"y":"z"}`
	f.Add([]byte(element), uint16(0), uint16(0), []byte(``))
	for _, change := range []struct{ of, to string }{
		{"a1", `b\u00e9\ud83d"`}, {"a1", "\xc3\x28"}, {"1.50", "1.501"}, {"1.50", "1e999"}, {"5.0", "5.1"},
		{"5.0", "5"},
		{"true", "false"}, {"true", "null"}, {"contoso", ""}, {"12", "123"}, {"12", "1"}, {"12", "-"}, {"12,", "12 ,"},
		{`["a",`, `["a","b",`}, {`"a",null`, `"a"`}, {`:1}`, `:2}`}, {`"x"`, `7`}, {`"x"`, `"y"`},
		{`"/a1"`, `{"a":[]}`},
		{`"/a1"`, strings.Repeat("[", 61) + strings.Repeat("]", 61)}, {"links", "id"}, {"self", "id"}, {`"y"`, `"id"`},
		{`"z"`, `"a\n"`}, {`"z"`, "\"\n\""}, {`}`, `} `}, {`{`, `{ `},
	} {
		at := strings.Index(element, change.of)
		f.Add([]byte(element), uint16(at), uint16(len(change.of)), []byte(change.to))
	}
	f.Fuzz(func(t *testing.T, a []byte, at, length uint16, with []byte) {
		from := min(int(at), len(a))
		b := slices.Concat(a[:from], with, a[min(from+int(length), len(a)):])
		var elements [][]byte
		for _, n := range "aaaababbab" {
			elements = append(elements, map[rune][]byte{'a': a, 'b': b}[n])
		}
		list := func(elements ...[]byte) []byte {
			return []byte(`{"items":[` + string(bytes.Join(elements, []byte(","))) + `]}`)
		}
		p.compare(t, list(elements...))
		all, err := p.drops(list(elements...))
		if err != nil {
			return
		}
		dropsOfA, errA := p.drops(list(a))
		dropsOfB, errB := p.drops(list(b))
		if want := 6*dropsOfA + 4*dropsOfB; errA == nil && errB == nil && all != want {
			t.Fatalf("%d values of %q and %q are dropped, want %d", all, a, b, want)
		}
	})
}

// TestManyShapes projects collections whose elements have more shapes than there are samples, in every
// mixture of runs and changes, so that samples are replaced and given up.
func TestManyShapes(t *testing.T) {
	p := newPair(t, shape)
	random := rand.New(rand.NewPCG(1, 2))
	members := []string{
		`"id":"a%d"`, `"amount":%d.50`, `"quantity":%d.0`, `"serial":%d`, `"active":"%d"`, `"domains":["a",%d]`,
		`"lines":[{"number":%d}]`, `"x":{"y":[%d,{}]}`, `"version":%d`,
	}
	for range 50 {
		shapes := 1 + random.IntN(2*len(members))
		run := 1 + random.IntN(40)
		var elements []string
		left := uint64(0)
		for n := range 1 + random.IntN(120) {
			if n%run == 0 {
				left = random.Uint64N(uint64(shapes)) * 37
			}
			var kept []string
			for i, member := range members {
				if left>>(i%9)&1 == 0 {
					kept = append(kept, fmt.Sprintf(member, random.IntN(12)))
				}
			}
			elements = append(elements, "{"+strings.Join(kept, ",")+"}")
		}
		src := []byte(`{"items":[` + strings.Join(elements, ",") + `]}`)
		p.compare(t, src)
		all, err := p.drops(src)
		if err != nil {
			t.Fatal(err)
		}
		each := 0
		for _, element := range elements {
			n, err := p.drops([]byte(`{"items":[` + element + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			each += n
		}
		if all != each {
			t.Fatalf("%d values of %s are dropped, want %d", all, src, each)
		}
	}
}

// drops returns the number of values that are dropped from src.
func (p pair) drops(src []byte) (n int, err error) {
	_, err = p.projection.Append(nil, src, mapping.Options{OnDrop: func(string) { n++ }})
	return n, err
}

// pair is a projection with the schema that it was compiled from.
type pair struct {
	schema     *openapi3.SchemaRef
	projection *mapping.Projection
	paths      []string
}

func newPair(t testing.TB, source string) pair {
	schema := schemaOf(t, source)
	p := compiled(t, schema)
	return pair{schema: schema, projection: p, paths: p.Paths()}
}

// compare projects src and fails the test unless the reference implementation agrees.
func (p pair) compare(t *testing.T, src []byte) {
	t.Helper()
	got, err := p.projection.Append(nil, src, mapping.Options{OnDrop: func(path string) {
		if !slices.Contains(p.paths, path) {
			t.Errorf("%q: OnDrop(%s), which is not in Paths", src, path)
		}
	}})
	want, ok := naive(p.schema.Value, bytes.Clone(src)) // which it may change
	if (err == nil) != ok || string(got) != string(want) {
		t.Fatalf("%q\n got %s, %v\nwant %s, %v", src, got, err, want, ok)
	}
	if err == nil {
		checkDocumented(t, p.schema, got)
	}
	if (err == nil) && isCollection(p.schema.Value) {
		p.compareFiltered(t, src, got)
	}
}

// checkDocumented fails the test unless an answer is valid for the schema without additional
// properties.
func checkDocumented(t testing.TB, schema *openapi3.SchemaRef, answer []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(answer, &value); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	if err := closed(schema).Value.VisitJSON(value); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
}

// closed returns a copy of a schema in which no object has additional properties.
func closed(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if ref == nil {
		return nil
	}
	s := *ref.Value
	if s.Type.Is("object") {
		no := false
		s.AdditionalProperties.Has = &no
	}
	s.Items = closed(s.Items)
	s.Properties = maps.Clone(s.Properties)
	for name, property := range s.Properties {
		s.Properties[name] = closed(property)
	}
	return &openapi3.SchemaRef{Value: &s}
}

var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// naive is the projection written for clarity: it reads, prunes and writes with jsontext, one rule
// after the other.
func naive(schema *openapi3.Schema, src []byte) ([]byte, bool) {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	value := jsontext.Value(src)
	if !utf8.Valid(src) || !value.IsValid(lenient...) || value.Kind() != '{' || tooDeep(src) {
		return nil, false
	}
	if err := value.Compact(lenient...); err != nil {
		return nil, false
	}
	out, _, ok := prune(schema, value)
	if !ok || (!isCollection(schema) && !hasDocumentedMember(schema, value)) {
		return nil, false
	}
	return out, true
}

func isCollection(s *openapi3.Schema) bool {
	return slices.ContainsFunc(s.Required, func(name string) bool { return s.Properties[name].Value.Type.Is("array") })
}

func hasDocumentedMember(s *openapi3.Schema, object jsontext.Value) bool {
	return slices.ContainsFunc(members(object), func(m member) bool { return s.Properties[m.name] != nil })
}

func tooDeep(src []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(src), lenient...)
	for {
		if _, err := d.ReadToken(); err != nil {
			return false
		}
		if d.StackDepth() > 64 {
			return true
		}
	}
}

// member is a member of an object. Its name is without escapes.
type member struct {
	name  string
	value jsontext.Value
}

func members(object jsontext.Value) (all []member) {
	d := jsontext.NewDecoder(bytes.NewReader(object), lenient...)
	d.ReadToken()
	for d.PeekKind() != '}' {
		name, _ := d.ReadToken()
		m := member{name: name.String()}
		value, _ := d.ReadValue()
		m.value = value.Clone()
		all = append(all, m)
	}
	return all
}

func elements(array jsontext.Value) (all []jsontext.Value) {
	d := jsontext.NewDecoder(bytes.NewReader(array), lenient...)
	d.ReadToken()
	for d.PeekKind() != ']' {
		value, _ := d.ReadValue()
		all = append(all, value.Clone())
	}
	return all
}

// prune returns what a schema keeps of a value. keep is false if that is nothing; ok is false if the
// whole answer is invalid.
func prune(s *openapi3.Schema, v jsontext.Value) (out []byte, keep, ok bool) {
	switch kind := v.Kind(); {
	case s.Type.Is("array") && kind == 'n':
		return []byte("[]"), true, true
	case s.Type.Is("array") && kind == '[':
		var kept [][]byte
		for _, element := range elements(v) {
			if element.Kind() == 'n' {
				continue
			}
			out, keep, ok := prune(s.Items.Value, element)
			if !ok {
				return nil, false, false
			}
			if keep {
				kept = append(kept, out)
			}
		}
		return []byte("[" + string(bytes.Join(kept, []byte(","))) + "]"), true, true
	case s.Type.Is("object") && kind == '{':
		return pruneObject(s, v)
	case s.Type.Is("string") && kind == '"':
		return replaceLoneSurrogates(v), true, true
	case s.Type.Is("number") && kind == '0':
		_, err := strconv.ParseFloat(string(v), 64)
		return v, err == nil, true
	case s.Type.Is("integer") && kind == '0':
		if strings.ContainsAny(string(v), "eE") {
			return nil, false, true
		}
		digits, fraction, _ := strings.Cut(string(v), ".")
		n, _ := new(big.Int).SetString(digits, 10)
		size := map[string]int{"int32": 32, "int64": 64}[s.Format]
		fits := size == 0 || new(big.Int).Rsh(n, uint(size-1)).BitLen() == 0 || new(big.Int).Rsh(n,
			uint(size-1)).Cmp(big.NewInt(-1)) == 0
		return []byte(digits), strings.Trim(fraction, "0") == "" && fits, true
	case s.Type.Is("boolean") && (kind == 't' || kind == 'f'):
		return v, true, true
	}
	return nil, false, true
}

func pruneObject(s *openapi3.Schema, v jsontext.Value) (out []byte, keep, ok bool) {
	var counter, counted string
	for name, property := range s.Properties {
		if of, is := property.Value.Extensions["x-count-of"]; is {
			counter, counted = name, of.(string)
		}
	}
	seen, there, number := map[string]bool{}, map[string]bool{}, 0
	var kept []string
	for _, m := range members(v) {
		property := s.Properties[m.name]
		if property == nil {
			continue
		}
		if seen[m.name] || m.name == counted && m.value.Kind() != '[' && m.value.Kind() != 'n' {
			return nil, false, false
		}
		seen[m.name] = true
		out, keep, ok := prune(property.Value, m.value)
		if !ok {
			return nil, false, false
		}
		if keep {
			there[m.name] = true
			kept = append(kept, quote(m.name)+":"+string(out))
			if m.name == counted {
				number = len(elements(out))
			}
		}
	}
	for _, name := range s.Required {
		switch {
		case there[name]:
		case name == counter:
			kept = append(kept, quote(name)+":"+strconv.Itoa(number))
		case s.Properties[name].Value.Type.Is("array"):
			kept = append(kept, quote(name)+":[]")
		}
	}
	return []byte("{" + strings.Join(kept, ",") + "}"), true, true
}

func quote(name string) string {
	quoted, _ := jsontext.AppendQuote(nil, name)
	return string(quoted)
}

var (
	parts    = regexp.MustCompile(`(?is)\\ud[89ab]..\\ud[c-f]..|\\u....|\\.|[^\\]+`)
	unpaired = regexp.MustCompile(`(?i)^\\ud[89a-f]..$`)
)

// replaceLoneSurrogates replaces each escaped surrogate without a partner by U+FFFD.
func replaceLoneSurrogates(quoted []byte) []byte {
	all := parts.FindAllString(string(quoted), -1)
	for i, part := range all {
		all[i] = unpaired.ReplaceAllString(part, "\uFFFD")
	}
	return []byte(strings.Join(slices.Clone(all), ""))
}
