package mapping_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/mapping"
)

// shape has every kind of schema that a response can have.
const shape = `{
	"type": "object",
	"required": ["totalCount", "items"],
	"properties": {
		"totalCount": {"type": "integer", "format": "int32", "x-count-of": "items"},
		"items": {"type": "array", "items": {
			"type": "object",
			"required": ["lines"],
			"properties": {
				"id": {"type": "string"},
				"amount": {"type": "number", "format": "double"},
				"quantity": {"type": "integer", "format": "int32"},
				"version": {"type": "integer", "format": "int64"},
				"serial": {"type": "integer"},
				"active": {"type": "boolean"},
				"profile": {"type": "object", "properties": {"domain": {"type": "string"}}},
				"domains": {"type": "array", "items": {"type": "string"}},
				"lines": {"type": "array", "items": {"type": "object", "properties": {"number": {"type": "integer"}}}},
				"Ünï\"cödé": {"type": "string"}
			}
		}}
	}
}`

// singleShape is a response of one object: its root requires no array.
const singleShape = `{
	"type": "object",
	"properties": {
		"id": {"type": "string"},
		"profile": {"type": "object", "required": ["domains"], "properties": {"domains": {"type": "array", "items": {"type": "string"}}}},
		"addresses": {"type": "array", "items": {"type": "object", "properties": {"line1": {"type": "string"}}}}
	}
}`

func schemaOf(t testing.TB, source string) *openapi3.SchemaRef {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(`{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{},"components":{"schemas":{"S":` + source + `}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas["S"]
}

func compiled(t testing.TB, schema *openapi3.SchemaRef) *mapping.Projection {
	t.Helper()
	p, err := mapping.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// item is a collection of the one item given.
func item(members string) string { return `{"totalCount":1,"items":[{` + members + `}]}` }

// kept is what leaves of an item of which only these members are kept.
func kept(members string) string {
	if members != "" {
		members += ","
	}
	return `{"totalCount":1,"items":[{` + members + `"lines":[]}]}`
}

func TestAppend(t *testing.T) {
	p := compiled(t, schemaOf(t, shape))
	for _, c := range []struct {
		rule, in, want string
		dropped        []string
	}{
		{"an undocumented member never leaves", item(`"id":"a","links":{"self":{"uri":"/x","headers":[]}},"attributes":{"etag":""}`), kept(`"id":"a"`), nil},
		{"not even where it repeats", item(`"etag":1,"id":"a","etag":2`), kept(`"id":"a"`), nil},
		{"names are matched by case", item(`"ID":"a"`), kept(``), nil},
		{"names are matched after their escapes", item(`"\u0069d":"a","\u00dcnï\"cödé":"b"`), kept(`"id":"a","Ünï\"cödé":"b"`), nil},
		{"numbers keep their digits", item(`"amount":24606.35`), kept(`"amount":24606.35`), nil},
		{"all of them", item(`"amount":-12345678901234567.890`), kept(`"amount":-12345678901234567.890`), nil},
		{"in any notation", item(`"amount":1.50E+2`), kept(`"amount":1.50E+2`), nil},
		{"strings keep their bytes", item(`"id":"a\u003cb\/\u00e9é💶"`), kept(`"id":"a\u003cb\/\u00e9é💶"`), nil},
		{"and a pair of surrogates", item(`"id":"\ud83d\uDE00"`), kept(`"id":"\ud83d\uDE00"`), nil},
		{"a high surrogate alone is replaced", item(`"id":"a\ud83db"`), kept(`"id":"a` + "\uFFFD" + `b"`), nil},
		{"a low one too", item(`"id":"\uDE00\ud83d"`), kept(`"id":"` + "\uFFFD\uFFFD" + `"`), nil},
		{"before a pair too", item(`"id":"\ud83d\ud83d\ude00"`), kept(`"id":"` + "\uFFFD" + `\ud83d\ude00"`), nil},
		{"but no escaped backslash", item(`"id":"\\ud83d"`), kept(`"id":"\\ud83d"`), nil},
		{"empty strings stay", item(`"id":""`), kept(`"id":""`), nil},
		{"null members are left out", item(`"id":null,"profile":null,"amount":null,"active":null`), kept(``), nil},
		{"null elements are dropped", item(`"domains":[null,"a",null,"b",null]`), kept(`"domains":["a","b"]`), nil},
		{"a null array becomes empty", item(`"domains":null,"lines":null`), `{"totalCount":1,"items":[{"domains":[],"lines":[]}]}`, nil},
		{"a required array is always there", `{"totalCount":0}`, `{"totalCount":0,"items":[]}`, nil},
		{"a required array of the wrong type too", item(`"lines":"none"`), kept(``), []string{"items[].lines"}},
		{"any other stays absent", item(``), kept(``), nil},
		{"the count is upstream's", `{"totalCount":37,"items":[{}]}`, `{"totalCount":37,"items":[{"lines":[]}]}`, nil},
		{"wherever it stands", `{"items":[],"totalCount":37}`, `{"items":[],"totalCount":37}`, nil},
		{"a missing count is made", `{"items":[{},null,{},7]}`, `{"items":[{"lines":[]},{"lines":[]}],"totalCount":2}`, []string{"items[]"}},
		{"a null count too", `{"totalCount":null,"items":null}`, `{"items":[],"totalCount":0}`, nil},
		{"a count of another type too", `{"totalCount":"04","items":[{}]}`, `{"items":[{"lines":[]}],"totalCount":1}`, []string{"totalCount"}},
		{"a count too large too", `{"totalCount":9223372036854775808}`, `{"totalCount":0,"items":[]}`, []string{"totalCount"}},
		{"everything missing is made in the order of required", `{}`, `{"totalCount":0,"items":[]}`, nil},
		{"another type is left out", item(`"id":1,"amount":"2","quantity":true,"active":"true","profile":[],"domains":{}`), kept(``),
			[]string{"items[].id", "items[].amount", "items[].quantity", "items[].active", "items[].profile", "items[].domains"}},
		{"in elements too", item(`"domains":["a",1,{"b":2},["c"],"d"]`), kept(`"domains":["a","d"]`), []string{"items[].domains[]", "items[].domains[]", "items[].domains[]"}},
		{"an integer may have a fraction of zeros", item(`"quantity":5.0,"version":-7.00,"serial":0.000`), kept(`"quantity":5,"version":-7,"serial":0`), nil},
		{"but no other", item(`"quantity":5.5,"version":5.01`), kept(``), []string{"items[].quantity", "items[].version"}},
		{"and no exponent", item(`"quantity":5e0,"version":1E2,"serial":1e2`), kept(``), []string{"items[].quantity", "items[].version", "items[].serial"}},
		{"nor both", item(`"quantity":5.0e1,"serial":5.0E0`), kept(``), []string{"items[].quantity", "items[].serial"}},
		{"an integer stays within its format", item(`"quantity":-2147483648,"version":9223372036854775807,"serial":99999999999999999999`),
			kept(`"quantity":-2147483648,"version":9223372036854775807,"serial":99999999999999999999`), nil},
		{"or is left out", item(`"quantity":2147483648,"version":-9223372036854775809`), kept(``), []string{"items[].quantity", "items[].version"}},
		{"so does a double", item(`"amount":1e400`), kept(``), []string{"items[].amount"}},
		{"a double may be tiny", item(`"amount":1e-400`), kept(`"amount":1e-400`), nil},
		{"a byte-order mark is dropped", "\xef\xbb\xbf" + item(`"id":"a"`), kept(`"id":"a"`), nil},
		{"white space too", " {\t\"totalCount\" :\r\n1 , \"items\" : [ { \"id\" : \"a b\" } ] } \n", kept(`"id":"a b"`), nil},
		{"64 levels are read", `{"x":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, `{"totalCount":0,"items":[]}`, nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var dropped []string
			got, err := p.Append([]byte("before "), []byte(c.in), mapping.Options{OnDrop: func(path string) { dropped = append(dropped, path) }})
			if err != nil || string(got) != "before "+c.want {
				t.Errorf("%s\n got %s, %v\nwant before %s", c.in, got, err, c.want)
			}
			if !slices.Equal(dropped, c.dropped) {
				t.Errorf("dropped %q, want %q", dropped, c.dropped)
			}
			checkDocumented(t, schemaOf(t, shape), got[len("before "):])
		})
	}
}

// TestPaths has each documented value once, and nothing else.
func TestPaths(t *testing.T) {
	want := []string{
		"items", "items[]", "items[].active", "items[].amount", "items[].domains", "items[].domains[]", "items[].id", "items[].lines", "items[].lines[]",
		"items[].lines[].number", "items[].profile", "items[].profile.domain", "items[].quantity", "items[].serial", "items[].version", `items[].Ünï"cödé`, "totalCount",
	}
	if got := compiled(t, schemaOf(t, shape)).Paths(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAppendRefuses(t *testing.T) {
	p := compiled(t, schemaOf(t, shape))
	for _, c := range []struct{ what, in string }{
		{"nothing", ``},
		{"a mark alone", "\xef\xbb\xbf"},
		{"two marks", "\xef\xbb\xbf\xef\xbb\xbf{}"},
		{"HTML", `<html></html>`},
		{"an array", `[]`},
		{"a string", `"{}"`},
		{"null", `null`},
		{"two values", `{}{}`},
		{"text behind", `{} x`},
		{"a NUL behind", "{}\x00"},
		{"another space", "{\u00a0}"},
		{"cut short", `{"totalCount":1,"items":[{"id":"a"}`},
		{"cut in a name", `{"tot`},
		{"cut in an escape", `{"x":"\u12`},
		{"a comma too many", `{"totalCount":1,}`},
		{"a comma too many in an array", `{"items":[{},]}`},
		{"a comma too many in a skipped array", `{"x":[1,]}`},
		{"a comma too few", `{"totalCount":1 "items":[]}`},
		{"no colon", `{"x" 1}`},
		{"no value", `{"x":}`},
		{"a bare name", `{x:1}`},
		{"a wrong bracket", `{"items":[}`},
		{"a wrong skipped bracket", `{"x":{]}`},
		{"a leading zero", `{"x":01}`},
		{"a plus", `{"totalCount":+1}`},
		{"a dot without digits", `{"x":1.}`},
		{"an exponent without digits", `{"x":1e}`},
		{"a bare minus", `{"x":-}`},
		{"NaN", `{"totalCount":NaN}`},
		{"Infinity", `{"x":-Infinity}`},
		{"a cut literal", `{"x":tru}`},
		{"a cut null", `{"items":nul}`},
		{"a long literal", `{"x":nulll}`},
		{"an unknown escape", `{"x":"\q"}`},
		{"an unknown escape in a kept string", item(`"id":"\x41"`)},
		{"a raw newline", "{\"x\":\"a\nb\"}"},
		{"a raw control character far in", "{\"x\":\"0123456789\x1f\"}"},
		{"invalid UTF-8", "{\"x\":\"\xff\"}"},
		{"invalid UTF-8 in a kept string", item("\"id\":\"0123456789\xc3\"")},
		{"invalid UTF-8 in a name", "{\"\xc0\xaf\":1}"},
		{"a raw surrogate", "{\"x\":\"\xed\xa0\x80\"}"},
		{"a documented member twice", item(`"id":"a","id":"a"`)},
		{"twice, once escaped", item(`"id":"a","i\u0064":"b"`)},
		{"twice, once null", item(`"id":null,"id":"a"`)},
		{"twice, once of another type", item(`"id":1,"id":"a"`)},
		{"the collection twice", `{"items":[],"items":[]}`},
		{"a collection that is an object", `{"totalCount":1,"items":{}}`},
		{"a collection that is a string", `{"items":"[]"}`},
		{"65 levels", `{"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`},
		{"100,000 levels", strings.Repeat(`{"x":`, 100_000)},
		{"100,000 documented levels", `{"items":` + strings.Repeat("[", 100_000)},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, err := p.Append([]byte("before "), []byte(c.in), mapping.Options{})
			if !errors.Is(err, mapping.ErrInvalid) || string(got) != "before " {
				t.Errorf("%.80q: got %q, %v", c.in, got, err)
			}
		})
	}
}

// TestSingleObject tells an object without documented members, which is some other resource, from one whose documented
// members have no usable value.
func TestSingleObject(t *testing.T) {
	p := compiled(t, schemaOf(t, singleShape))
	for _, c := range []struct{ promise, in, want string }{
		{"a documented member makes it the object", `{"id":"a","x":1}`, `{"id":"a"}`},
		{"a null member counts", `{"id":null}`, `{}`},
		{"a member of a wrong type counts", `{"x":1,"profile":"none"}`, `{}`},
		{"an escaped name counts", `{"i\u0064":7}`, `{}`},
		{"a null optional array counts", `{"addresses":null}`, `{"addresses":[]}`},
		{"an empty object inside is fine", `{"profile":{}}`, `{"profile":{"domains":[]}}`},
		{"an empty object is refused", ` {} `, ``},
		{"undocumented members alone are refused", `{"foo":1,"ID":"a"}`, ``},
		{"a list is refused", `{"totalCount":1,"items":[{"id":"a"}]}`, ``},
		{"documented names further down do not count", `{"data":{"id":"a","profile":{}}}`, ``},
	} {
		t.Run(c.promise, func(t *testing.T) {
			got, err := p.Append([]byte("before "), []byte(c.in), mapping.Options{})
			if refused := c.want == ""; errors.Is(err, mapping.ErrInvalid) != refused || string(got) != "before "+c.want {
				t.Errorf("%s: got %s, %v, want before %s", c.in, got, err, c.want)
			}
		})
	}
}

func TestErrorNamesTheOffset(t *testing.T) {
	p := compiled(t, schemaOf(t, shape))
	_, err := p.Append(nil, []byte("\xef\xbb\xbf"+`{"x":01}`), mapping.Options{})
	if err == nil || !strings.HasSuffix(err.Error(), "byte 9 of 11") {
		t.Error(err)
	}
}

func TestCompileMergesAllOf(t *testing.T) {
	p := compiled(t, schemaOf(t, `{"allOf":[{"type":"object","required":["b"],"properties":{"a":{"type":"string"},"b":{"type":"array","items":{"type":"string"}}}},
		{"type":"object","properties":{"c":{"type":"boolean"}}}]}`))
	got, err := p.Append(nil, []byte(`{"c":true,"d":1,"a":"x"}`), mapping.Options{})
	if want := `{"c":true,"a":"x","b":[]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestCompileRefuses(t *testing.T) {
	one := func(property string) string {
		return `{"type":"object","properties":{"a":{"type":"object","properties":{"b":` + property + `}}}}`
	}
	for _, c := range []struct{ schema, want string }{
		{`{"type":"string"}`, "the response is not an object"},
		{`{"type":"object"}`, "the response: an object without properties"},
		{`{"type":"object","properties":{"a":{"type":"string"}},"required":["b"]}`, "b: required but not a property"},
		{one(`{"type":"object"}`), "a.b: an object without properties"},
		{one(`{"type":"object","additionalProperties":true,"properties":{"c":{"type":"string"}}}`), "a.b: additionalProperties"},
		{one(`{"type":"object","additionalProperties":{"type":"string"}}`), "a.b: additionalProperties"},
		{one(`{"type":"array"}`), "a.b[]: no schema"},
		{one(`{"type":"array","items":{"oneOf":[{"type":"string"}]}}`), "a.b[]: oneOf"},
		{one(`{"anyOf":[{"type":"string"}]}`), "a.b: anyOf"},
		{one(`{"not":{"type":"string"}}`), "a.b: not"},
		{one(`{}`), "a.b: a schema without one known type"},
		{one(`{"type":"string","enum":["x"]}`), "a.b: enum"},
		{one(`{"type":"string","pattern":"x"}`), "a.b: a limit on a string"},
		{one(`{"type":"string","format":"date-time"}`), "a.b: format date-time"},
		{one(`{"type":"number","format":"float"}`), "a.b: format float"},
		{one(`{"type":"integer","format":"int8"}`), "a.b: format int8"},
		{one(`{"type":"integer","minimum":1}`), "a.b: a limit on a number"},
		{one(`{"type":"array","maxItems":1,"items":{"type":"string"}}`), "a.b: a limit on an array"},
		{one(`{"allOf":[{"type":"string"}]}`), "a.b: allOf of anything but objects"},
		{one(`{"type":"string","x-made-from":"c"}`), "a.b: x-made-from must stand"},
		{`{"type":"object","properties":{"a":{"type":"string","x-made-from":"b"},"b":{"type":"string"}}}`, "a: x-made-from must stand"},
		{`{"type":"object","properties":{"a":{"type":"integer","x-made-from":"b"}}}`, "a: x-made-from must stand"},
		{one(`{"type":"integer","x-count-of":"c"}`), "a.b: x-count-of must stand"},
		{`{"type":"object","properties":{"n":{"type":"integer","x-count-of":"c"},"c":{"type":"array","items":{"type":"string"}}}}`, "n: what counts and what is counted must be required"},
	} {
		_, err := mapping.Compile(schemaOf(t, c.schema))
		if err == nil || !strings.HasPrefix(err.Error(), "mapping: "+c.want) {
			t.Errorf("%s\n got %v\nwant %s…", c.schema, err, c.want)
		}
	}
}

// TestDerivedMember makes a link from an undocumented member, whose own name upstream cannot set.
func TestDerivedMember(t *testing.T) {
	p := compiled(t, schemaOf(t, `{"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"type":"string"}},"nextLink":{"type":"string","x-made-from":"links"}}}`))
	for _, c := range []struct{ in, want string }{
		{`{"links":{"next":"é"},"items":["a"]}`, `{"items":["a"],"nextLink":"made of {\"next\":\"é\"} & <more>"}`},
		{`{"nextLink":"https://evil.example","items":[]}`, `{"items":[]}`},
		{`{"links":null,"nextLink":7}`, `{"items":[],"nextLink":"made of null & <more>"}`},
		{`{"links":{"next":1},"links":"nothing"}`, `{"items":[]}`},
	} {
		got, err := p.Append(nil, []byte(c.in), mapping.Options{Derive: func(raw []byte) (string, bool) {
			return "made of " + string(raw) + " & <more>", string(raw) != `"nothing"`
		}})
		if err != nil || string(got) != c.want {
			t.Errorf("%s\n got %s, %v\nwant %s", c.in, got, err, c.want)
		}
		if got, err := p.Append(nil, []byte(c.in), mapping.Options{}); err != nil || strings.Contains(string(got), "nextLink") {
			t.Errorf("%s without a maker: %s, %v", c.in, got, err)
		}
	}
	for _, broken := range []string{`{"links":{}`, `{"links":{],"items":[]}`} {
		if _, err := p.Append(nil, []byte(broken), mapping.Options{}); err == nil {
			t.Errorf("%s passed", broken)
		}
	}
}

// TestCompileRefusesRecursion uses a schema that contains itself.
func TestCompileRefusesRecursion(t *testing.T) {
	ref := &openapi3.SchemaRef{Value: openapi3.NewObjectSchema()}
	ref.Value.Properties = openapi3.Schemas{"child": ref}
	if _, err := mapping.Compile(ref); err == nil || !strings.Contains(err.Error(), "recursive") {
		t.Error(err)
	}
}
