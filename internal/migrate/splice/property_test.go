package splice_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/partner-center/connector/internal/migrate/splice"
)

// space draws white space of JSON.
func space(t *rapid.T) string { return rapid.StringMatching(`[ \t\r\n]{0,2}`).Draw(t, "space") }

// stringJSON draws a string as it may be spelled in JSON.
func stringJSON(t *rapid.T) string {
	pieces := []string{"a", "ö", "💡", " ", "/", `\/`, `\"`, `\\`, `\n`, `\u00f6`, `\ud83d\ude00`, `\u0000`, "'", "~"}
	return `"` + strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 5).Draw(t, "pieces"), "") + `"`
}

// documentJSON draws a JSON value as it may be spelled. Names are unique within an object.
func documentJSON(t *rapid.T, depth int) string {
	kinds := []string{"string", "scalar", "object", "array"}
	if depth == 0 {
		kinds = kinds[:2]
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	switch kind {
	case "string":
		return stringJSON(t)
	case "scalar":
		return rapid.SampledFrom([]string{"true", "false", "null", "0", "-1.50e+02", "1E400"}).Draw(t, "scalar")
	}
	var parts []string
	for i := range rapid.IntRange(0, 4).Draw(t, "length") {
		part := space(t)
		if kind == "object" {
			part += strings.TrimSuffix(stringJSON(t), `"`) + strconv.Itoa(i) + `"` + space(t) + ":" + space(t)
		}
		parts = append(parts, part+documentJSON(t, depth-1)+space(t))
	}
	if kind == "object" {
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// cut returns src without the spans of values, which are in source order.
func cut(src string, values []*splice.Value) string {
	var b strings.Builder
	at := 0
	for _, v := range values {
		b.WriteString(src[at:v.Start] + "|")
		at = v.End
	}
	return b.String() + src[at:]
}

func TestSetStringProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mark := rapid.SampledFrom([]string{"", "\ufeff"}).Draw(t, "mark")
		src := mark + space(t) + documentJSON(t, 4) + space(t)
		d, err := splice.ParseJSON([]byte(src))
		if err != nil {
			t.Fatalf("%v in %q", err, src)
		}
		_, values := flattenJSON(d.Root)
		var edited []*splice.Value
		var indexes []int
		for i, v := range values {
			scalar := v.Kind != splice.Object && v.Kind != splice.Array
			if scalar && rapid.Bool().Draw(t, "edit") {
				text := rapid.String().Draw(t, "text")
				d.SetString(v, text)
				v.Kind, v.Text = splice.String, text
				edited, indexes = append(edited, v), append(indexes, i)
			}
		}
		want, _ := flattenJSON(d.Root)
		got := string(d.Bytes())
		after, err := splice.ParseJSON([]byte(got))
		if err != nil {
			t.Fatalf("%v in %q", err, got)
		}
		leaves, values := flattenJSON(after.Root)
		if diff := cmp.Diff(want, leaves); diff != "" {
			t.Error(diff)
		}
		var replaced []*splice.Value
		for _, i := range indexes {
			replaced = append(replaced, values[i])
		}
		if diff := cmp.Diff(cut(src, edited), cut(got, replaced)); diff != "" {
			t.Errorf("bytes outside of the edits: %s", diff)
		}
	})
}

// compact matches the layouts of members for which a removal leaves nothing behind.
var compact = []struct{ open, colon, comma, end string }{
	{"{", ":", ",", "}"},
	{"{ ", " : ", ", ", " }"},
	{"{\n  ", ": ", ",\n  ", "\n}"},
	{"{\r\n\t", " :\t", ",\r\n\t", "\r\n}"},
}

func TestMembersProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layout := rapid.SampledFrom(compact).Draw(t, "layout")
		count := rapid.IntRange(0, 6).Draw(t, "count")
		removed := rapid.SliceOfN(rapid.IntRange(0, 8), 0, 6).Draw(t, "removed")
		object := func(members []string) string {
			if len(members) == 0 {
				return "{}"
			}
			return layout.open + strings.Join(members, layout.comma) + layout.end
		}
		member := func(name, value string) string { return `"` + name + `"` + layout.colon + value }

		var before, after []string
		for i := range count {
			before = append(before, member(fmt.Sprint(i), `[1, {"x" : "y"}]`))
		}
		d, err := splice.ParseJSON([]byte(object(before)))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, i := range removed {
			names = append(names, fmt.Sprint(i))
		}
		for i := range count {
			if slices.Contains(removed, i) {
				continue
			}
			name, value := fmt.Sprint(i), before[i]
			if rapid.Bool().Draw(t, "set") {
				d.SetString(d.Root.Get(name), "new")
				value = member(name, `"new"`)
			}
			after = append(after, value)
			if rapid.Bool().Draw(t, "insert") {
				d.InsertAfter(d.Root, name, "after "+name, "ö")
				after = append(after, member("after "+name, `"ö"`))
			}
		}
		d.Remove(d.Root, names...)
		if diff := cmp.Diff(object(after), string(d.Bytes())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTextXMLProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{
			" ", "\r\n", "x", "ö", "&amp;", "&#13;", "<!-- > -->", "<![CDATA[<x>]]>", "'", `"`,
		})
		text := func() string { return strings.Join(rapid.SliceOfN(piece, 0, 4).Draw(t, "text"), "") }
		blank := func() string { return rapid.SampledFrom([]string{" ", "\t", "\r\n"}).Draw(t, "space") }
		attr := rapid.SampledFrom([]string{`"it's"`, `'"&lt;>"'`, `""`})
		src := "<a>" + text()
		for range rapid.IntRange(1, 4).Draw(t, "children") {
			src += "<b" + blank() + "b" + blank() + "=" + blank() + attr.Draw(t, "attr") + " x:b='b=\"\"'"
			full := ">" + text() + "</b" + blank() + ">"
			src += rapid.SampledFrom([]string{"/>", " />", full}).Draw(t, "end") + text()
		}
		src += "</a>"
		d, err := splice.ParseXML([]byte(src))
		if err != nil {
			t.Fatalf("%v in %q", err, src)
		}
		value := rapid.StringMatching(`[a-z<>&"'ö]{0,6}`)
		for _, e := range d.Root.Children {
			if rapid.Bool().Draw(t, "set text") {
				text := value.Draw(t, "value")
				d.SetText(e, text)
				e.Text = text
			}
			if rapid.Bool().Draw(t, "set attr") {
				text := value.Draw(t, "value")
				d.SetAttr(e, "b", text)
				e.Attr("b").Value = text
			}
		}
		got := d.Bytes()
		after, err := splice.ParseXML(got)
		if err != nil {
			t.Fatalf("%v in %q", err, got)
		}
		want, _ := flattenXML(d.Root)
		leaves, _ := flattenXML(after.Root)
		if diff := cmp.Diff(want, leaves); diff != "" {
			t.Errorf("%q became %q: %s", src, got, diff)
		}
	})
}

// breaks are the line breaks of YAML 1.1.
var breaks = []string{"\n", "\r\n", "\r", "\u0085", "\u2028", "\u2029"}

func TestSetYAMLProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := []string{
			"%d: x", "%d:\t'x' # ö", "%d: \"x\"", "# 💡%d", "  # %d", "", "ö%d: {a: x, ü: [x, 'x']}", "%d:\n- x\n- x",
			"%d: |\n  ö\n\n  x", "%d: \"ö\n  y\\\n  z\"", "%d: p\n  q",
			"? %d\n: x", "%d: &a%[1]d !!str x", "---\n%d: x",
		}
		var b strings.Builder
		b.WriteString(rapid.SampledFrom([]string{"", "\ufeff"}).Draw(t, "mark"))
		for i, line := range rapid.SliceOfN(rapid.SampledFrom(lines), 1, 12).Draw(t, "lines") {
			if strings.Contains(line, "%") {
				line = fmt.Sprintf(line, i)
			}
			lineBreak := rapid.SampledFrom(breaks).Draw(t, "break")
			b.WriteString(strings.ReplaceAll(line+"\n", "\n", lineBreak))
		}
		src := b.String()
		d, err := splice.ParseYAML([]byte(src))
		if err != nil {
			t.Fatalf("%v in %q", err, src)
		}
		_, nodes := flattenYAML(d)
		for _, n := range nodes {
			if n.Value != "x" || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || !rapid.Bool().Draw(t, "set") {
				continue
			}
			n.Value = rapid.SampledFrom([]string{"contoso-1", "a/b", "fabrikam.x_y"}).Draw(t, "value")
			old := *n
			old.Value = "x"
			if err := d.Set(&old, n.Value); err != nil {
				t.Fatalf("%v: line %d of %q", err, n.Line, src)
			}
		}
		got := d.Bytes()
		after, err := splice.ParseYAML(got)
		if err != nil {
			t.Fatalf("%v in %q", err, got)
		}
		want, _ := flattenYAML(d)
		leaves, _ := flattenYAML(after)
		if diff := cmp.Diff(want, leaves); diff != "" {
			t.Errorf("%q became %q: %s", src, got, diff)
		}
	})
}
