package mapping_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/mapping"
)

// shape is a collection with every kind of schema that a response can have.
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
		"profile": {"type": "object", "required": ["domains"], "properties": {
			"domains": {"type": "array", "items": {"type": "string"}}}},
		"addresses": {"type": "array", "items": {"type": "object", "properties": {"line1": {"type": "string"}}}}
	}
}`

func schemaOf(t testing.TB, source string) *openapi3.SchemaRef {
	t.Helper()
	document := `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{},"components":{"schemas":{"S":` +
		source + `}}}`
	doc, err := openapi3.NewLoader().LoadFromData([]byte(document))
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

// item returns a collection of one item with these members.
func item(members string) string { return `{"totalCount":1,"items":[{` + members + `}]}` }

// kept returns the projection of such a collection if only these members of the item are kept.
func kept(members string) string {
	if members != "" {
		members += ","
	}
	return `{"totalCount":1,"items":[{` + members + `"lines":[]}]}`
}

func TestAppend(t *testing.T) {
	p := compiled(t, schemaOf(t, shape))
	for _, c := range []struct {
		promise, in, want string
		dropped           []string
	}{
		{"drops an undocumented member",
			item(`"id":"a","links":{"self":{"uri":"/x","headers":[]}},"attributes":{"etag":""}`), kept(`"id":"a"`),
			nil},
		{"drops an undocumented member that is there twice", item(`"etag":1,"id":"a","etag":2`), kept(`"id":"a"`), nil},
		{"distinguishes names by case", item(`"ID":"a"`), kept(``), nil},
		{"compares names without their escapes", item(`"\u0069d":"a","\u00dcnï\"cödé":"b"`),
			kept(`"id":"a","Ünï\"cödé":"b"`), nil},
		{"keeps the digits of a number", item(`"amount":24606.35`), kept(`"amount":24606.35`), nil},
		{"keeps more digits than a float has", item(`"amount":-12345678901234567.890`),
			kept(`"amount":-12345678901234567.890`), nil},
		{"keeps the notation of a number", item(`"amount":1.50E+2`), kept(`"amount":1.50E+2`), nil},
		{"keeps the bytes of a string", item(`"id":"a\u003cb\/\u00e9é💶"`), kept(`"id":"a\u003cb\/\u00e9é💶"`), nil},
		{"keeps a pair of surrogates", item(`"id":"\ud83d\uDE00"`), kept(`"id":"\ud83d\uDE00"`), nil},
		{"replaces a high surrogate without a low one", item(`"id":"a\ud83db"`), kept(`"id":"a` + "\uFFFD" + `b"`),
			nil},
		{"replaces surrogates in the wrong order", item(`"id":"\uDE00\ud83d"`), kept(`"id":"` + "\uFFFD\uFFFD" + `"`),
			nil},
		{"replaces a surrogate before a pair", item(`"id":"\ud83d\ud83d\ude00"`),
			kept(`"id":"` + "\uFFFD" + `\ud83d\ude00"`), nil},
		{"keeps an escaped backslash before u", item(`"id":"\\ud83d"`), kept(`"id":"\\ud83d"`), nil},
		{"keeps an empty string", item(`"id":""`), kept(`"id":""`), nil},
		{"drops null members", item(`"id":null,"profile":null,"amount":null,"active":null`), kept(``), nil},
		{"drops null elements", item(`"domains":[null,"a",null,"b",null]`), kept(`"domains":["a","b"]`), nil},
		{"turns a null array into an empty one", item(`"domains":null,"lines":null`),
			`{"totalCount":1,"items":[{"domains":[],"lines":[]}]}`, nil},
		{"adds a missing required array", `{"totalCount":0}`, `{"totalCount":0,"items":[]}`, nil},
		{"replaces a required array of a wrong type", item(`"lines":"none"`), kept(``), []string{"items[].lines"}},
		{"adds no other member", item(``), kept(``), nil},
		{"keeps the count that upstream sends", `{"totalCount":37,"items":[{}]}`,
			`{"totalCount":37,"items":[{"lines":[]}]}`, nil},
		{"keeps a count behind its array", `{"items":[],"totalCount":37}`, `{"items":[],"totalCount":37}`, nil},
		{"adds a missing count of the elements kept", `{"items":[{},null,{},7]}`,
			`{"items":[{"lines":[]},{"lines":[]}],"totalCount":2}`,
			[]string{"items[]"}},
		{"replaces a null count", `{"totalCount":null,"items":null}`, `{"items":[],"totalCount":0}`, nil},
		{"replaces a count of a wrong type", `{"totalCount":"04","items":[{}]}`,
			`{"items":[{"lines":[]}],"totalCount":1}`,
			[]string{"totalCount"}},
		{"replaces a count that is out of range", `{"totalCount":9223372036854775808}`, `{"totalCount":0,"items":[]}`,
			[]string{"totalCount"}},
		{"adds missing members in the order of required", `{}`, `{"totalCount":0,"items":[]}`, nil},
		{"drops values of a wrong type",
			item(`"id":1,"amount":"2","quantity":true,"active":"true","profile":[],"domains":{}`),
			kept(``),
			[]string{"items[].id", "items[].amount", "items[].quantity", "items[].active", "items[].profile",
				"items[].domains"}},
		{"drops elements of a wrong type", item(`"domains":["a",1,{"b":2},["c"],"d"]`), kept(`"domains":["a","d"]`),
			[]string{"items[].domains[]", "items[].domains[]", "items[].domains[]"}},
		{"removes a fraction of zeros from an integer", item(`"quantity":5.0,"version":-7.00,"serial":0.000`),
			kept(`"quantity":5,"version":-7,"serial":0`), nil},
		{"drops an integer with another fraction", item(`"quantity":5.5,"version":5.01`), kept(``),
			[]string{"items[].quantity", "items[].version"}},
		{"drops an integer with an exponent", item(`"quantity":5e0,"version":1E2,"serial":1e2`), kept(``),
			[]string{"items[].quantity", "items[].version", "items[].serial"}},
		{"drops an integer with a fraction of zeros and an exponent", item(`"quantity":5.0e1,"serial":5.0E0`), kept(``),
			[]string{"items[].quantity", "items[].serial"}},
		{"keeps integers in the range of their formats",
			item(`"quantity":-2147483648,"version":9223372036854775807,"serial":99999999999999999999`),
			kept(`"quantity":-2147483648,"version":9223372036854775807,"serial":99999999999999999999`), nil},
		{"drops integers out of the range of their formats",
			item(`"quantity":2147483648,"version":-9223372036854775809`),
			kept(``),
			[]string{"items[].quantity", "items[].version"}},
		{"drops a number that is too large for a double", item(`"amount":1e400`), kept(``), []string{"items[].amount"}},
		{"keeps a number that is too small for a double", item(`"amount":1e-400`), kept(`"amount":1e-400`), nil},
		{"drops a byte-order mark", "\xef\xbb\xbf" + item(`"id":"a"`), kept(`"id":"a"`), nil},
		{"drops white space between tokens", " {\t\"totalCount\" :\r\n1 , \"items\" : [ { \"id\" : \"a b\" } ] } \n",
			kept(`"id":"a b"`), nil},
		{"accepts 64 levels", `{"x":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`,
			`{"totalCount":0,"items":[]}`, nil},
	} {
		t.Run(c.promise, func(t *testing.T) {
			var dropped []string
			options := mapping.Options{OnDrop: func(path string) { dropped = append(dropped, path) }}
			got, err := p.Append([]byte("before "), []byte(c.in), options)
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

// TestPaths checks that the path of each documented value is there once, and no other.
func TestPaths(t *testing.T) {
	want := []string{
		"items", "items[]", "items[].active", "items[].amount", "items[].domains", "items[].domains[]", "items[].id",
		"items[].lines", "items[].lines[]",
		"items[].lines[].number", "items[].profile", "items[].profile.domain", "items[].quantity", "items[].serial",
		"items[].version", `items[].Ünï"cödé`, "totalCount",
	}
	if got := compiled(t, schemaOf(t, shape)).Paths(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAppendRejects(t *testing.T) {
	p := compiled(t, schemaOf(t, shape))
	for _, c := range []struct{ what, in string }{
		{"nothing", ``},
		{"a byte-order mark alone", "\xef\xbb\xbf"},
		{"two byte-order marks", "\xef\xbb\xbf\xef\xbb\xbf{}"},
		{"HTML", `<html></html>`},
		{"an array", `[]`},
		{"a string", `"{}"`},
		{"null", `null`},
		{"two values", `{}{}`},
		{"text after the object", `{} x`},
		{"a NUL after the object", "{}\x00"},
		{"a no-break space", "{\u00a0}"},
		{"an object without its end", `{"totalCount":1,"items":[{"id":"a"}`},
		{"a name without its end", `{"tot`},
		{"an escape without its end", `{"x":"\u12`},
		{"a comma before the end of an object", `{"totalCount":1,}`},
		{"a comma before the end of an array", `{"items":[{},]}`},
		{"a comma before the end of a dropped array", `{"x":[1,]}`},
		{"a missing comma", `{"totalCount":1 "items":[]}`},
		{"a missing colon", `{"x" 1}`},
		{"a missing value", `{"x":}`},
		{"a name without quotes", `{x:1}`},
		{"a wrong closing bracket", `{"items":[}`},
		{"a wrong closing bracket in a dropped value", `{"x":{]}`},
		{"a leading zero", `{"x":01}`},
		{"a plus sign", `{"totalCount":+1}`},
		{"a dot without digits", `{"x":1.}`},
		{"an exponent without digits", `{"x":1e}`},
		{"a minus sign without digits", `{"x":-}`},
		{"NaN", `{"totalCount":NaN}`},
		{"Infinity", `{"x":-Infinity}`},
		{"a literal without its end", `{"x":tru}`},
		{"a null without its end", `{"items":nul}`},
		{"a long literal", `{"x":nulll}`},
		{"an unknown escape", `{"x":"\q"}`},
		{"an unknown escape in a kept string", item(`"id":"\x41"`)},
		{"a raw newline", "{\"x\":\"a\nb\"}"},
		{"a raw control character after many bytes", "{\"x\":\"0123456789\x1f\"}"},
		{"invalid UTF-8", "{\"x\":\"\xff\"}"},
		{"invalid UTF-8 in a kept string", item("\"id\":\"0123456789\xc3\"")},
		{"invalid UTF-8 in a name", "{\"\xc0\xaf\":1}"},
		{"a raw surrogate", "{\"x\":\"\xed\xa0\x80\"}"},
		{"a documented member twice", item(`"id":"a","id":"a"`)},
		{"a documented member twice, once with an escape", item(`"id":"a","i\u0064":"b"`)},
		{"a documented member twice, once null", item(`"id":null,"id":"a"`)},
		{"a documented member twice, once of a wrong type", item(`"id":1,"id":"a"`)},
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

// TestSingleObject checks that an object without documented members, which is some other resource,
// is rejected, and that one whose documented members have no usable values is not.
func TestSingleObject(t *testing.T) {
	p := compiled(t, schemaOf(t, singleShape))
	for _, c := range []struct{ promise, in, want string }{
		{"a documented member makes it the object", `{"id":"a","x":1}`, `{"id":"a"}`},
		{"a null member counts", `{"id":null}`, `{}`},
		{"a member of a wrong type counts", `{"x":1,"profile":"none"}`, `{}`},
		{"an escaped name counts", `{"i\u0064":7}`, `{}`},
		{"a null optional array counts", `{"addresses":null}`, `{"addresses":[]}`},
		{"an empty object inside is fine", `{"profile":{}}`, `{"profile":{"domains":[]}}`},
		{"an empty object is rejected", ` {} `, ``},
		{"undocumented members alone are rejected", `{"foo":1,"ID":"a"}`, ``},
		{"a list is rejected", `{"totalCount":1,"items":[{"id":"a"}]}`, ``},
		{"documented names further down do not count", `{"data":{"id":"a","profile":{}}}`, ``},
	} {
		t.Run(c.promise, func(t *testing.T) {
			got, err := p.Append([]byte("before "), []byte(c.in), mapping.Options{})
			if rejected := c.want == ""; errors.Is(err, mapping.ErrInvalid) != rejected ||
				string(got) != "before "+c.want {
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
	p := compiled(t, schemaOf(t, `{"allOf":[
		{"type":"object","required":["b"],"properties":{
			"a":{"type":"string"},"b":{"type":"array","items":{"type":"string"}}}},
		{"type":"object","properties":{"c":{"type":"boolean"}}}]}`))
	got, err := p.Append(nil, []byte(`{"c":true,"d":1,"a":"x"}`), mapping.Options{})
	if want := `{"c":true,"a":"x","b":[]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestCompileRejects(t *testing.T) {
	one := func(property string) string {
		return `{"type":"object","properties":{"a":{"type":"object","properties":{"b":` + property + `}}}}`
	}
	for _, c := range []struct{ schema, want string }{
		{`{"type":"string"}`, "the response is not an object"},
		{`{"type":"object"}`, "the response: an object without properties"},
		{`{"type":"object","properties":{"a":{"type":"string"}},"required":["b"]}`, "b: required but not a property"},
		{one(`{"type":"object"}`), "a.b: an object without properties"},
		{one(`{"type":"object","additionalProperties":true,"properties":{"c":{"type":"string"}}}`),
			"a.b: additionalProperties"},
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
		{one(`{"type":"string","x-made-from":"c"}`), "a.b: x-made-from must be on one string"},
		{`{"type":"object","properties":{"a":{"type":"string","x-made-from":"b"},"b":{"type":"string"}}}`,
			"a: x-made-from must be on one string"},
		{`{"type":"object","properties":{"a":{"type":"integer","x-made-from":"b"}}}`,
			"a: x-made-from must be on one string"},
		{one(`{"type":"integer","x-count-of":"c"}`), "a.b: x-count-of must be on an integer"},
		{`{"type":"object","properties":{"n":{"type":"integer","x-count-of":"c"},"c":{"type":"array",` +
			`"items":{"type":"string"}}}}`,
			"n: a count and its array must be required"},
	} {
		t.Run(c.want, func(t *testing.T) {
			_, err := mapping.Compile(schemaOf(t, c.schema))
			if err == nil || !strings.HasPrefix(err.Error(), "mapping: "+c.want) {
				t.Errorf("%s\n got %v\nwant %s…", c.schema, err, c.want)
			}
		})
	}
}

// TestDerivedProperty derives a link from an undocumented member. Upstream cannot set the link
// itself.
func TestDerivedProperty(t *testing.T) {
	p := compiled(t,
		schemaOf(t,
			`{"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"type":"string"}},`+
				`"nextLink":{"type":"string","x-made-from":"links"}}}`))
	derive := func(raw []byte) (string, bool) {
		return "derived from " + string(raw) + " & <more>", string(raw) != `"nothing"`
	}
	for _, c := range []struct{ promise, in, want string }{
		{"Derive gets the raw value", `{"links":{"next":"é"},"items":["a"]}`,
			`{"items":["a"],"nextLink":"derived from {\"next\":\"é\"} & <more>"}`},
		{"a member of the property's name is ignored", `{"nextLink":"https://evil.example","items":[]}`,
			`{"items":[]}`},
		{"Derive gets null", `{"links":null,"nextLink":7}`, `{"items":[],"nextLink":"derived from null & <more>"}`},
		{"the last value counts, and false omits the property", `{"links":{"next":1},"links":"nothing"}`,
			`{"items":[]}`},
	} {
		t.Run(c.promise, func(t *testing.T) {
			got, err := p.Append(nil, []byte(c.in), mapping.Options{Derive: derive})
			if err != nil || string(got) != c.want {
				t.Errorf("%s\n got %s, %v\nwant %s", c.in, got, err, c.want)
			}
			got, err = p.Append(nil, []byte(c.in), mapping.Options{})
			if err != nil || strings.Contains(string(got), "nextLink") {
				t.Errorf("%s without Derive: %s, %v", c.in, got, err)
			}
		})
	}
	for _, broken := range []string{`{"links":{}`, `{"links":{],"items":[]}`} {
		t.Run("rejects "+broken, func(t *testing.T) {
			if _, err := p.Append(nil, []byte(broken), mapping.Options{Derive: derive}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestCompileRejectsRecursion(t *testing.T) {
	ref := &openapi3.SchemaRef{Value: openapi3.NewObjectSchema()}
	ref.Value.Properties = openapi3.Schemas{"child": ref}
	if _, err := mapping.Compile(ref); err == nil || !strings.Contains(err.Error(), "recursive") {
		t.Error(err)
	}
}

// TestCollectionIsAnArray rejects a collection without a count that is not an array, whole and by its
// elements.
func TestCollectionIsAnArray(t *testing.T) {
	p := compiled(t, schemaOf(t, `{"type": "object", "required": ["items"], "properties": {"items": {"type": "array",
		"items": {"type": "object", "properties": {"id": {"type": "string"}}}}}}`))
	for src, valid := range map[string]bool{
		`{"items":[{"id":"a"}]}`: true, `{"items":null}`: true, `{}`: true,
		`{"items":"x"}`: false, `{"items":{}}`: false,
	} {
		_, whole := p.Append(nil, []byte(src), mapping.Options{})
		_, _, elements := p.AppendElements(nil, []byte(src), mapping.Options{})
		if (whole == nil) != valid || (elements == nil) != valid {
			t.Errorf("%s: %v, %v", src, whole, elements)
		}
	}
}
