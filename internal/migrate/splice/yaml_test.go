package splice_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/partner-center/connector/internal/migrate/splice"
)

func parseYAML(t testing.TB, src string) *splice.YAML {
	t.Helper()
	d, err := splice.ParseYAML([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseYAML(t *testing.T) {
	d := parseYAML(t, "\ufeff# c\r\na: 1\r\n---\r\n- b\r\n---\r\n")
	var kinds []yaml.Kind
	for _, root := range d.Documents {
		kinds = append(kinds, root.Kind)
	}
	if diff := cmp.Diff([]yaml.Kind{yaml.MappingNode, yaml.SequenceNode, yaml.ScalarNode}, kinds); diff != "" {
		t.Error(diff)
	}
	if got := parseYAML(t, "").Documents; len(got) != 0 {
		t.Errorf("an empty source has documents %v", got)
	}
}

func TestParseYAMLErrors(t *testing.T) {
	flow := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, test := range map[string]struct{ src, want string }{
		"syntax":          {"a: b\nc: \"secret", "line 2: invalid YAML"},
		"unknown_alias":   {"a: *secret", "invalid YAML"},
		"tabs":            {"a:\n\t- secret", "line 2: invalid YAML"},
		"control":         {"a: secret\x01", "invalid YAML"},
		"invalid_utf8":    {"a:\nsecret\xff", "line 2, offset 9: invalid UTF-8"},
		"utf16":           {"\xff\xfea\x00", "line 1, offset 0: invalid UTF-8"},
		"too_large":       {strings.Repeat("#", splice.MaxYAML+1), "YAML source is too large"},
		"large":           {strings.Repeat("#", splice.MaxYAML), ""},
		"nested_200":      {flow(splice.MaxDepth), ""},
		"nested_201":      {"\n" + flow(splice.MaxDepth+1), "line 2: values are nested too deeply"},
		"nested_far":      {flow(9000), "line 1: values are nested too deeply"},
		"million_and_one": {"[" + strings.Repeat("0,", splice.MaxValues) + "]", "line 1: too many values"},
		"alias_bomb": {
			"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]", "",
		},
		"recursive_alias": {"&a [*a]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := splice.ParseYAML([]byte(test.src))
			checkError(t, err, test.want)
		})
	}
}

func TestWalkYAML(t *testing.T) {
	src := "a/b: &x {c: 1, skip: {d: 2}}\n? [k]\n: 3\nlist:\n- [e]\n- *x\n<<: *x\n? &y z\n: 4\nq: {*y : 5}\n"
	var got []string
	splice.WalkYAML(parseYAML(t, src).Documents[0], func(pointer, key string, n *yaml.Node) bool {
		got = append(got, pointer+" "+key+" "+n.Value)
		return key != "skip"
	})
	want := []string{
		"  ", "/a~1b a/b ", "/a~1b/c c 1", "/a~1b/skip skip ", "/  3", "/list list ", "/list/0  ",
		"/list/0/0  e", "/list/1  x", "/<< << x", "/z z 4", "/q q ", "/q/z z 5",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	splice.WalkYAML(nil, func(string, string, *yaml.Node) bool {
		t.Error("WalkYAML visits nil")
		return true
	})
}

// nodeAt returns the value at a pointer in any document.
func nodeAt(t *testing.T, d *splice.YAML, pointer string) *yaml.Node {
	t.Helper()
	var found *yaml.Node
	for _, root := range d.Documents {
		splice.WalkYAML(root, func(at, _ string, n *yaml.Node) bool {
			if at == pointer && found == nil {
				found = n
			}
			return true
		})
	}
	if found == nil {
		t.Fatalf("no value at %s", pointer)
	}
	return found
}

func TestSetYAML(t *testing.T) {
	for name, test := range map[string]struct{ src, pointer, value, want string }{
		"plain": {
			"\ufeffö: 1\r\na:\tx y # x\r\n", "/a", "new/id-1_2.3", "\ufeffö: 1\r\na:\tnew/id-1_2.3 # x\r\n",
		},
		"first_line":    {"\ufeffa: x", "/a", "new", "\ufeffa: new"},
		"root":          {"x", "", "new", "new"},
		"non_ascii":     {"öä: {ü: x, b: x}", "/öä/b", "new", "öä: {ü: x, b: new}"},
		"single_quotes": {"a: 'it''s' # 'x'\nb: c", "/a", `a'"\ ö: #`, "a: 'a''\"\\ ö: #' # 'x'\nb: c"},
		"double_quotes": {`a: "x\\\"y"` + "\n", "/a", `a'"\ ö: #`, `a: "a'\"\\ ö: #"` + "\n"},
		"quotes_empty":  {`a: ""`, "/a", "x", `a: "x"`},
		"becomes_empty": {`a: 'x'`, "/a", "", `a: ''`},
		"flow":          {`{"a":"x","b":[x,y]}`, "/b/1", "z", `{"a":"x","b":[x,z]}`},
		"sequence":      {"- - x\n  - y\n", "/0/1", "z", "- - x\n  - z\n"},
		"anchor":        {"a: &id  x\nb: *id", "/a", "id-2", "a: &id  id-2\nb: *id"},
		"tags":          {"a: !!str &id 'x'\n", "/a", "y", "a: !!str &id 'y'\n"},
		"verbatim_tag":  {"a: !<tag:x> x\n", "/a", "new", "a: !<tag:x> new\n"},
		"any_tag":       {"a: ! x\n", "/a", "new", "a: ! new\n"},
		"from_number":   {"a: 1\n", "/a", "x1", "a: x1\n"},
		"same":          {"a: x\n", "/a", "x", "a: x\n"},
		"guid": {
			"a: x", "/a", "00000000-0000-0000-0000-000000000000", "a: 00000000-0000-0000-0000-000000000000",
		},
		"line_breaks": {
			"# 1\r# 2\r\n# 3\n\n# 4\u0085# 5\u2028# 6\u2029a: x\u2028b: x\r\n", "/b", "new",
			"# 1\r# 2\r\n# 3\n\n# 4\u0085# 5\u2028# 6\u2029a: x\u2028b: new\r\n",
		},
		"behind_other_lines": {
			"a: |\r\n  t\r\n\r\n  u\r\nb: \"x\r\n  y\\\r\n  z\"\r\nc: p\r\n  q\r\nd: x\r\n", "/d", "new",
			"a: |\r\n  t\r\n\r\n  u\r\nb: \"x\r\n  y\\\r\n  z\"\r\nc: p\r\n  q\r\nd: new\r\n",
		},
		"second_document": {"b: x\n---\na: x\n...\n---\na: z", "/a", "new", "b: x\n---\na: new\n...\n---\na: z"},
	} {
		t.Run(name, func(t *testing.T) {
			d := parseYAML(t, test.src)
			if string(d.Bytes()) != test.src || d.Changed() {
				t.Error("a new stream is not its source")
			}
			if err := d.Set(nodeAt(t, d, test.pointer), test.value); err != nil {
				t.Fatal(err)
			}
			got := string(d.Bytes())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if after := nodeAt(t, parseYAML(t, got), test.pointer); after.Value != test.value {
				t.Errorf("the value is %q", after.Value)
			}
			if d.Changed() != (got != test.src) {
				t.Errorf("Changed returned %t", d.Changed())
			}
		})
	}
}

func TestSetYAMLErrors(t *testing.T) {
	const (
		notAScalar = "not a scalar"
		notOneLine = "scalar is empty or not on one line"
		notFound   = "scalar not found as written"
		notStyle   = "new value cannot be written in the style of the scalar"
	)
	for name, test := range map[string]struct{ src, value, want string }{
		"mapping":               {"a: {}", "x", notAScalar},
		"alias":                 {"b: &x c\na: *x", "x", notAScalar},
		"literal":               {"a: |\n  secret", "x", notOneLine},
		"folded":                {"a: >-\n  secret", "x", notOneLine},
		"null":                  {"a:", "x", notOneLine},
		"null_with_tag":         {"a: !!str", "x", notOneLine},
		"plain_on_two_lines":    {"a: secret\n b", "x", notFound},
		"plain_with_LS":         {"a: secret\u2028 b", "x", notOneLine},
		"single_on_two_lines":   {"a: 'secret\n b'", "x", notFound},
		"double_on_two_lines":   {"a: \"secret\n b\"", "x", notFound},
		"double_continued":      {"a: \"secret\\\n b\"", "x", notFound},
		"double_with_escape":    {`a: "secret\x20"`, "x", notFound},
		"escaped_letter":        {`a: "secret\u00f6"`, "x", notFound},
		"escaped_line_break":    {`a: "secret\n"`, "x", notOneLine},
		"tag_on_another_line":   {"a: !!str\n  secret", "x", notFound},
		"plain_with_space":      {"a: b", "x y", notStyle},
		"plain_with_colon":      {"a: b", "x:y", notStyle},
		"plain_with_comment":    {"a: b", "x#y", notStyle},
		"plain_empty":           {"a: b", "", notStyle},
		"plain_hyphen":          {"a: b", "-", notStyle},
		"plain_document":        {"a: b", "...", notStyle},
		"plain_number":          {"a: b", "12", notStyle},
		"plain_exponent":        {"a: b", "1e5", notStyle},
		"plain_bool":            {"a: b", "true", notStyle},
		"plain_yes":             {"a: b", "Yes", notStyle},
		"plain_null":            {"a: b", "null", notStyle},
		"plain_date":            {"a: b", "2001-02-03", notStyle},
		"quoted_line_break":     {"a: 'b'", "x\ny", notStyle},
		"quoted_NEL":            {"a: 'b'", "x\u0085y", notStyle},
		"quoted_control":        {`a: "b"`, "x\x01", notStyle},
		"quoted_mark":           {`a: "b"`, "\ufeff", notStyle},
		"quoted_noncharacter":   {`a: "b"`, "\uffff", notStyle},
		"quoted_invalid_utf8":   {`a: "b"`, "\xff", notStyle},
		"too_long_for_all_keys": {`a: "b"`, strings.Repeat("x", 600), notStyle},
	} {
		t.Run(name, func(t *testing.T) {
			d := parseYAML(t, test.src)
			checkError(t, d.Set(nodeAt(t, d, "/a"), test.value), test.want)
			if string(d.Bytes()) != test.src || d.Changed() {
				t.Error("an edit was recorded")
			}
		})
	}
	t.Run("foreign_node", func(t *testing.T) {
		d := parseYAML(t, "a: b")
		for _, at := range [][2]int{{0, 0}, {9, 1}, {1, 99}, {1, 1}} {
			n := &yaml.Node{Kind: yaml.ScalarNode, Value: "b", Line: at[0], Column: at[1]}
			checkError(t, d.Set(n, "x"), notFound)
		}
	})
}

func TestYAMLMistakes(t *testing.T) {
	d := parseYAML(t, "a: b")
	for _, value := range []string{"x", "z"} {
		if err := d.Set(nodeAt(t, d, "/a"), value); err != nil {
			t.Fatal(err)
		}
	}
	checkPanic(t, func() { d.Bytes() })
}
