package splice_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/partner-center/connector/internal/migrate/splice"
)

func parseJSON(t testing.TB, src string) *splice.JSON {
	t.Helper()
	d, err := splice.ParseJSON([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseJSON(t *testing.T) {
	src := "\ufeff { \"n\\u0061me\" : [ \"\\u00f6\\/\", 1.50e+2, true, null, {} ],\r\n\"b\":\"\" } "
	type value struct {
		Pointer, Source, Text string
		Kind                  splice.Kind
	}
	want := []value{
		{"", strings.TrimSpace(strings.TrimPrefix(src, "\ufeff")), "", splice.Object},
		{"/name", `[ "\u00f6\/", 1.50e+2, true, null, {} ]`, "", splice.Array},
		{"/name/0", `"\u00f6\/"`, "ö/", splice.String},
		{"/name/1", `1.50e+2`, "1.50e+2", splice.Number},
		{"/name/2", `true`, "true", splice.Bool},
		{"/name/3", `null`, "null", splice.Null},
		{"/name/4", `{}`, "", splice.Object},
		{"/b", `""`, "", splice.String},
	}
	var got []value
	d := parseJSON(t, src)
	d.Root.Walk(func(pointer string, v *splice.Value) bool {
		got = append(got, value{pointer, src[v.Start:v.End], v.Text, v.Kind})
		return true
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if m := d.Root.Members[0]; src[m.Start:m.End] != `"n\u0061me"` {
		t.Errorf("the span of a name is %q", src[m.Start:m.End])
	}
}

func TestParseJSONErrors(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, test := range map[string]struct{ src, want string }{
		"empty":            {"", "line 1, offset 0: invalid JSON"},
		"mark_alone":       {"\ufeff", "line 1, offset 3: invalid JSON"},
		"second_mark":      {"\ufeff\ufeff{}", "line 1, offset 3: invalid JSON"},
		"syntax":           {"{\r\n\"secret\":\r\nsecret}", "line 3, offset 14: invalid JSON"},
		"offset_with_mark": {"\ufeff{\"secret\" 1}", "line 1, offset 13: invalid JSON"},
		"unclosed":         {`{"secret":[1`, "line 1, offset 12: invalid JSON"},
		"wrong_bracket":    {`{"secret":[}`, "line 1, offset 11: invalid JSON"},
		"trailing_comma":   {`["secret",]`, "line 1, offset 9: invalid JSON"},
		"duplicate_name":   {`{"secret":1,"s\u0065cret":2}`, "line 1, offset 12: duplicate member name"},
		"lone_surrogate":   {`["secret\ud800"]`, ""},
		"invalid_utf8":     {"[\"secret\xff\"]", "line 1, offset 8: invalid UTF-8"},
		"trailing_data":    {"{}\n secret", "line 2, offset 4: data after the JSON value"},
		"second_value":     {`"secret"{}`, "line 1, offset 8: data after the JSON value"},
		"number_and_text":  {`1"secret"`, "line 1, offset 1: data after the JSON value"},
		"nested_200":       {deep(splice.MaxDepth), ""},
		"nested_201":       {deep(splice.MaxDepth + 1), "line 1, offset 200: values are nested too deeply"},
		"siblings":         {"[" + strings.Repeat("[],", 300) + "[]]", ""},
		"long_names":       {nameOf(splice.MaxNames/2, nameOf(splice.MaxNames/2, "0")), ""},
		"too_long_names": {
			nameOf(splice.MaxNames/2, nameOf(splice.MaxNames/2+1, "0")), "line 1, offset 2053: names are too long",
		},
		"long_names_in_turn": {"[" + nameOf(splice.MaxNames, "0") + "," + nameOf(splice.MaxNames, "0") + "]", ""},
		"a_million":          {"[" + strings.Repeat("0,", splice.MaxValues-2) + "0]", ""},
		"million_and_one": {
			"[" + strings.Repeat("0,", splice.MaxValues-1) + "0]", "line 1, offset 1999998: too many values",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := splice.ParseJSON([]byte(test.src))
			checkError(t, err, test.want)
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}

func TestGet(t *testing.T) {
	root := parseJSON(t, `{"a":{"b":"c","B":null},"list":[1]}`).Root
	for name, test := range map[string]struct {
		v    *splice.Value
		want string
	}{
		"path":          {root.Get("a", "b"), "c"},
		"exact_case":    {root.Get("A"), "-"},
		"missing":       {root.Get("x", "y"), "-"},
		"no_object":     {root.Get("a", "b", "c"), "-"},
		"array":         {root.Get("list", "0"), "-"},
		"of_nil":        {(*splice.Value)(nil).Get("a"), "-"},
		"null_is_there": {root.Get("a", "B"), ""},
		"no_path":       {root.Get(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if (test.v == nil) != (test.want == "-") {
				t.Errorf("Get returned %v", test.v)
			}
			if got := test.v.Str(); got != strings.Trim(test.want, "-") {
				t.Errorf("Str returned %q", got)
			}
		})
	}
	if got := root.Get("list").Elements[0].Str(); got != "" {
		t.Errorf("Str of a number returned %q", got)
	}
}

func TestWalk(t *testing.T) {
	var got []string
	d := parseJSON(t, `{"a/b":{"skipped":1},"~":[[],["x"]]}`)
	d.Root.Walk(func(pointer string, _ *splice.Value) bool {
		got = append(got, pointer)
		return pointer != "/a~1b"
	})
	if diff := cmp.Diff([]string{"", "/a~1b", "/~0", "/~0/0", "/~0/1", "/~0/1/0"}, got); diff != "" {
		t.Error(diff)
	}
	(*splice.Value)(nil).Walk(func(string, *splice.Value) bool {
		t.Error("Walk visits nil")
		return true
	})
}

func TestPointer(t *testing.T) {
	for want, tokens := range map[string][]string{
		"": nil, "/": {""}, "/a/b~1c": {"a", "b/c"}, "/~01/~0~1": {"~1", "~/"},
	} {
		if got := splice.Pointer(tokens...); got != want {
			t.Errorf("Pointer(%q) = %q, want %q", tokens, got, want)
		}
	}
}

func TestJSONEdits(t *testing.T) {
	for name, test := range map[string]struct {
		src, want string
		edit      func(d *splice.JSON)
	}{
		"set_keeps_the_rest": {
			"\ufeff{\r\n\t\"a\" : \"x\\/\\u00f6\" ,\"b\":1.50,\"c\":\"d\"}\r\n",
			"\ufeff{\r\n\t\"a\" : \"x\\/\\u00f6\" ,\"b\":1.50,\"c\":\"new\"}\r\n",
			func(d *splice.JSON) { d.SetString(d.Root.Get("c"), "new") },
		},
		"set_escapes_what_JSON_requires": {
			`["a"]`, `["\"\\\u0001\n\tö/<>&'💡` + "\u2028\ufffd" + `"]`,
			func(d *splice.JSON) { d.SetString(d.Root.Elements[0], "\"\\\x01\n\tö/<>&'💡\u2028\xff") },
		},
		"set_replaces_any_kind": {
			`{"a":{"b":[]},"c":1}`, `{"a":"x","c":"y"}`,
			func(d *splice.JSON) {
				d.SetString(d.Root.Get("c"), "y")
				d.SetString(d.Root.Get("a"), "x")
			},
		},
		"set_the_root": {" 1 ", ` "a" `, func(d *splice.JSON) { d.SetString(d.Root, "a") }},
		"set_the_same": {`["a\/b"]`, `["a\/b"]`, func(d *splice.JSON) { d.SetString(d.Root.Elements[0], "a/b") }},
		"set_a_number_as_string": {
			`[1]`, `["1"]`, func(d *splice.JSON) { d.SetString(d.Root.Elements[0], "1") },
		},
		"raw":      {`{"a": "x" }`, `{"a": true }`, func(d *splice.JSON) { d.SetRaw(d.Root.Get("a"), "true") }},
		"raw_same": {`{"a": true }`, `{"a": true }`, func(d *splice.JSON) { d.SetRaw(d.Root.Get("a"), "true") }},
		"insert_with_spaces": {
			`{ "name" : "x" }`, `{ "name" : "x", "logicalName" : "y" }`,
			func(d *splice.JSON) { d.InsertAfter(d.Root, "name", "logicalName", "y") },
		},
		"insert_on_a_new_line": {
			"{\r\n\t\t\"name\": \"x\",\r\n\t\t\"z\": 1\r\n}",
			"{\r\n\t\t\"name\": \"x\",\r\n\t\t\"n\": \"y\",\r\n\t\t\"z\": 1\r\n}",
			func(d *splice.JSON) { d.InsertAfter(d.Root, "name", "n", "y") },
		},
		"insert_twice_and_set": {
			`{"a":"x","b":2}`, `{"a":"new","c\"":"y\"","d":"z","b":3}`,
			func(d *splice.JSON) {
				d.InsertAfter(d.Root, "a", `c"`, `y"`)
				d.SetString(d.Root.Get("a"), "new")
				d.InsertAfter(d.Root, "a", "d", "z")
				d.SetRaw(d.Root.Get("b"), "3")
			},
		},
		"insert_and_remove_neighbors": {
			`{"x":0, "a":1, "b":2, "c":3}`, `{"a":"new", "n":"y", "c":3}`,
			func(d *splice.JSON) {
				d.Remove(d.Root, "b", "x")
				d.InsertAfter(d.Root, "a", "n", "y")
				d.SetString(d.Root.Get("a"), "new")
			},
		},
		"remove_first": {
			`{"id":"a","name":"b","type":"c"}`, `{"type":"c"}`,
			func(d *splice.JSON) { d.Remove(d.Root, "id", "name") },
		},
		"remove_last": {
			`{"id":"a" , "name":"b", "type":"c" }`, `{"id":"a" }`,
			func(d *splice.JSON) { d.Remove(d.Root, "type", "name", "missing", "ID") },
		},
		"remove_middle": {
			"{\n  \"id\": \"a\",\n  \"name\": \"b\",\n  \"type\": \"c\"\n}",
			"{\n  \"id\": \"a\",\n  \"type\": \"c\"\n}",
			func(d *splice.JSON) { d.Remove(d.Root, "name") },
		},
		"remove_first_on_lines": {
			"{\r\n  \"id\": \"a\",\r\n  \"name\": \"b\"\r\n}", "{\r\n  \"name\": \"b\"\r\n}",
			func(d *splice.JSON) { d.Remove(d.Root, "id") },
		},
		"remove_every_second": {
			`{"a":1,"b":2,"c":3,"d":4,"e":5}`, `{"b":2,"d":4}`,
			func(d *splice.JSON) { d.Remove(d.Root, "a", "c", "e") },
		},
		"remove_all": {
			`[{ "a":1, "b":2 },0]`, `[{},0]`,
			func(d *splice.JSON) { d.Remove(d.Root.Elements[0], "a", "b") },
		},
		"remove_none": {
			`{ "a":{ } }`, `{ "a":{ } }`,
			func(d *splice.JSON) {
				d.Remove(d.Root, "b")
				d.Remove(d.Root.Get("a"), "b")
				d.Remove(d.Root.Get("missing"), "b")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := parseJSON(t, test.src)
			if string(d.Bytes()) != test.src || d.Changed() {
				t.Error("a new document is not its source")
			}
			test.edit(d)
			got := string(d.Bytes())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			parseJSON(t, got)
			if d.Changed() != (got != test.src) {
				t.Errorf("Changed returned %t", d.Changed())
			}
			if again := string(d.Bytes()); again != got {
				t.Errorf("a second call returned %q", again)
			}
		})
	}
}

func TestJSONMistakes(t *testing.T) {
	for name, edit := range map[string]func(d *splice.JSON){
		"set_twice": func(d *splice.JSON) {
			d.SetString(d.Root.Get("a"), "x")
			d.SetString(d.Root.Get("a"), "y")
		},
		"set_within_removed": func(d *splice.JSON) {
			d.SetString(d.Root.Get("b", "c"), "x")
			d.Remove(d.Root, "b")
		},
		"insert_within_replaced": func(d *splice.JSON) {
			d.InsertAfter(d.Root.Get("b"), "c", "n", "x")
			d.SetString(d.Root.Get("b"), "x")
		},
		"remove_neighbors_in_two_calls": func(d *splice.JSON) {
			d.Remove(d.Root, "a")
			d.Remove(d.Root, "b")
		},
		"insert_after_missing":    func(d *splice.JSON) { d.InsertAfter(d.Root, "x", "n", "y") },
		"insert_after_in_nothing": func(d *splice.JSON) { d.InsertAfter(nil, "x", "n", "y") },
		"insert_duplicate":        func(d *splice.JSON) { d.InsertAfter(d.Root, "a", "b", "y") },
		"raw_is_no_JSON":          func(d *splice.JSON) { d.SetRaw(d.Root, "nil") },
	} {
		t.Run(name, func(t *testing.T) {
			d := parseJSON(t, `{"a":1,"b":{"c":2},"d":3}`)
			checkPanic(t, func() {
				edit(d)
				d.Bytes()
			})
		})
	}
}

func checkPanic(t *testing.T, call func()) {
	t.Helper()
	defer func() {
		if message, ok := recover().(string); !ok || !strings.HasPrefix(message, "splice: ") {
			t.Errorf("recovered %q", message)
		}
	}()
	call()
}

// nameOf returns an object with one member, whose name has n bytes.
func nameOf(n int, value string) string { return `{"` + strings.Repeat("n", n) + `":` + value + "}" }
