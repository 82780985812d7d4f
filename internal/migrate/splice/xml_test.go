package splice_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/partner-center/connector/internal/migrate/splice"
)

func parseXML(t testing.TB, src string) *splice.XML {
	t.Helper()
	d, err := splice.ParseXML([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseXML(t *testing.T) {
	src := "\ufeff<?xml version='1.0' encoding='UTF-8'?>\r\n<!-- <z> -->\r\n" +
		`<p:a xmlns:p = "urn:&quot;x" b='>"/'><c> x &amp;<!-- y --> z` + "\r\n" +
		`</c>t<d/><c><![CDATA[<e>]]></c ></p:a>` + "\r\n"
	want := []string{
		`p:a attrs ["xmlns:p=urn:\"x" "b=>\"/"] text "" source ` + strings.TrimSpace(src[strings.Index(src, "<p:a"):]),
		`c attrs [] text "x & z" source <c> x &amp;<!-- y --> z` + "\r\n</c>",
		`d attrs [] text "" source <d/>`,
		`c attrs [] text "<e>" source <c><![CDATA[<e>]]></c >`,
	}
	var got []string
	d := parseXML(t, src)
	d.Root.Walk(func(e *splice.Element) bool {
		attrs := []string{}
		for _, a := range e.Attrs {
			attrs = append(attrs, a.Name+"="+a.Value)
		}
		got = append(got, fmt.Sprintf("%s attrs %q text %q source %s", e.Name, attrs, e.Text, src[e.Start:e.End]))
		return true
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseXMLErrors(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	many := func(n int) string { return `<a b="">` + strings.Repeat("<a/>", n-2) + "</a>" }
	for name, test := range map[string]struct{ src, want string }{
		"empty":               {"", "line 1, offset 0: invalid XML"},
		"syntax":              {"<a>\n<secret</a>", "line 2, offset 11: invalid XML"},
		"unclosed":            {"\ufeff<secret>", "line 1, offset 11: invalid XML"},
		"wrong_end":           {"<secret>\n</secreT>", "line 2, offset 9: end tag without start tag"},
		"prefix_of_end":       {"<a:b></b>", "line 1, offset 5: end tag without start tag"},
		"only_end":            {"</secret>", "line 1, offset 0: end tag without start tag"},
		"two_roots":           {"<a/><secret/>", "line 1, offset 13: more than one root element"},
		"text_behind":         {"<a/>\nsecret", "line 1, offset 4: text outside the root element"},
		"text_before":         {"secret<a/>", "line 1, offset 0: text outside the root element"},
		"second_mark":         {"\ufeff\ufeff<a/>", "line 1, offset 3: text outside the root element"},
		"cdata_behind":        {"<a/><![CDATA[ ]]>", "line 1, offset 4: text outside the root element"},
		"duplicate_attribute": {`<a secret="1" secret="2"/>`, "line 1, offset 26: duplicate attribute"},
		"unquoted_attribute":  {"<a b=secret/>", "line 1, offset 6: invalid XML"},
		"entity":              {"<a>&secret;</a>", "line 1, offset 11: invalid XML"},
		"doctype": {
			"<!DOCTYPE secret><a/>", "line 1, offset 17: document type declarations are not supported",
		},
		"doctype_entities": {
			`<!DOCTYPE a [<!ENTITY s "secret">]><a>&s;</a>`,
			"line 1, offset 35: document type declarations are not supported",
		},
		"late_declaration": {`<a/><?xml version="1.0"?>`, "line 1, offset 4: XML declaration inside the document"},
		"utf8_any_case":    {`<?xml version="1.0" encoding="uTf-8"?><a/>`, ""},
		"latin1":           {`<?xml version="1.0" encoding="secret"?><a/>`, "line 1, offset 39: invalid XML"},
		"latin1_with_spaces": {
			`<?xml version="1.0" encoding = 'secret' ?><a/>`, "line 1, offset 42: encoding other than UTF-8",
		},
		"no_encoding":  {`<?xml version="1.0"?><?secret encoding="x"?><a/>`, ""},
		"invalid_utf8": {"<a><!--\ufffd\xff--></a>", "line 1, offset 10: invalid UTF-8"},
		"utf16":        {"\xff\xfe<\x00a\x00/\x00>\x00", "line 1, offset 0: invalid UTF-8"},
		"nested_200":   {deep(splice.MaxDepth), ""},
		"nested_201":   {deep(splice.MaxDepth + 1), "line 1, offset 603: elements are nested too deeply"},
		"a_million":    {many(splice.MaxValues), ""},
		"million_and_one": {
			many(splice.MaxValues + 1), "line 1, offset 4000004: too many elements and attributes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := splice.ParseXML([]byte(test.src))
			checkError(t, err, test.want)
		})
	}
}

func TestElement(t *testing.T) {
	root := parseXML(t, `<a><b n="1"/><c><b n="2"/></c><b n="3"/></a>`).Root
	if got := root.Child("b").Attr("n").Value; got != "1" {
		t.Errorf("Child returned %s", got)
	}
	if root.Child("B") != nil || root.Attr("n") != nil || root.Child("x").Child("y").Attr("z") != nil {
		t.Error("a missing child or attribute is not nil")
	}
	if got := root.Child("c").Child("b").Parent.Parent; got != root {
		t.Errorf("Parent is %v", got)
	}
	second := func(e *splice.Element) bool { return e.Attr("n") != nil && e.Attr("n").Value > "1" }
	if got := root.Find(second).Attr("n").Value; got != "2" {
		t.Errorf("Find returned %s", got)
	}
	if got := root.Find(func(e *splice.Element) bool { return e.Name == "x" }); got != nil {
		t.Errorf("Find returned %v", got)
	}
	var names []string
	root.Walk(func(e *splice.Element) bool {
		names = append(names, e.Name)
		return e.Name != "c"
	})
	if diff := cmp.Diff([]string{"a", "b", "c", "b"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestXMLEdits(t *testing.T) {
	insert := func(d *splice.XML) {
		d.InsertAfter(d.Root.Find(func(e *splice.Element) bool { return e.Name == "connectorid" }),
			"customconnectorid", "connectorid", "GUID")
	}
	setText := func(text string) func(d *splice.XML) {
		return func(d *splice.XML) { d.SetText(d.Root.Child("b"), text) }
	}
	setAttr := func(value string) func(d *splice.XML) {
		return func(d *splice.XML) { d.SetAttr(d.Root, "b", value) }
	}
	for name, test := range map[string]struct {
		src, want string
		edit      func(d *splice.XML)
	}{
		"text_keeps_the_rest": {
			"\ufeff<?xml version='1.0'?>\r\n<a c = 'd'>\r\n\t<b >\r\n x y\r\n</b\t><e/>&#xf6;</a>\r\n",
			"\ufeff<?xml version='1.0'?>\r\n<a c = 'd'>\r\n\t<b >\r\n new\r\n</b\t><e/>&#xf6;</a>\r\n",
			setText("new"),
		},
		"text_is_escaped": {
			"<a><b>x</b></a>", "<a><b>&lt;&amp;&gt;\"'\t\n&#xD;\ufffd\ufffdö</b></a>", setText("<&>\"'\t\n\r\x01\xffö"),
		},
		"text_of_empty":      {"<a><b></b></a>", "<a><b>x</b></a>", setText("x")},
		"text_of_spaces":     {"<a><b> <!-- c --> </b></a>", "<a><b>x <!-- c --> </b></a>", setText("x")},
		"text_of_closed":     {`<a><b c="/" /></a>`, `<a><b c="/" >x</b></a>`, setText("x")},
		"text_becomes_empty": {"<a><b> x </b></a>", "<a><b>  </b></a>", setText("")},
		"text_with_comment":  {"<a><b> x<!-- c -->y z </b></a>", "<a><b> new </b></a>", setText("new")},
		"text_after_comment": {
			"<a><b><!-- c --> y <!-- d --></b></a>", "<a><b><!-- c --> new <!-- d --></b></a>", setText("new"),
		},
		"text_in_cdata":      {"<a><b> <![CDATA[ x ]]> </b></a>", "<a><b> new </b></a>", setText("new")},
		"text_is_the_same":   {"<a><b>&#120;</b></a>", "<a><b>&#120;</b></a>", setText("x")},
		"text_stays_empty":   {"<a><b/></a>", "<a><b/></a>", setText("")},
		"space_as_reference": {"<a><b>&#32;x</b></a>", "<a><b>y</b></a>", setText("y")},
		"attr_in_double_quotes": {
			`<a b="x">b="x"</a>`, `<a b="&quot;'&lt;&amp;&gt;&#x9;&#xA;&#xD;">b="x"</a>`, setAttr("\"'<&>\t\n\r"),
		},
		"attr_in_single_quotes": {
			"<a\n\tc=\"b='x'\"\r\n b = 'x'/>", "<a\n\tc=\"b='x'\"\r\n b = '\"&apos;'/>", setAttr(`"'`),
		},
		"attr_of_longer_name": {`<a bb="x" b="x" b:b="x"/>`, `<a bb="x" b="y" b:b="x"/>`, setAttr("y")},
		"attr_without_spaces": {`<a c="x"b=""d=''/>`, `<a c="x"b="y"d=''/>`, setAttr("y")},
		"attr_is_the_same":    {`<a b="&#120;"/>`, `<a b="&#120;"/>`, setAttr("x")},
		"attr_becomes_empty":  {`<a b="x"/>`, `<a b=""/>`, setAttr("")},
		"attr_and_text_together": {
			`<a><b c="">x</b></a>`, `<a><b c="y">z</b></a>`,
			func(d *splice.XML) {
				d.SetText(d.Root.Child("b"), "z")
				d.SetAttr(d.Root.Child("b"), "c", "y")
			},
		},
		"insert_on_lines": {
			"    <p>\r\n      <connectorid>X</connectorid>\r\n    </p>",
			"    <p>\r\n      <connectorid>X</connectorid>\r\n      <customconnectorid>\r\n" +
				"        <connectorid>GUID</connectorid>\r\n      </customconnectorid>\r\n    </p>",
			insert,
		},
		"insert_with_tabs": {
			"<p>\n\t<connectorid/>\n</p>",
			"<p>\n\t<connectorid/>\n\t" +
				"<customconnectorid>\n\t\t<connectorid>GUID</connectorid>\n\t</customconnectorid>\n</p>",
			insert,
		},
		"insert_without_common_indentation": {
			"\t<p>\n    <connectorid/></p>",
			"\t<p>\n    <connectorid/>\n    " +
				"<customconnectorid>\n      <connectorid>GUID</connectorid>\n    </customconnectorid></p>",
			insert,
		},
		"insert_with_an_empty_line": {
			"<p>\n\n <connectorid/></p>",
			"<p>\n\n <connectorid/>\n\n " +
				"<customconnectorid>\n  <connectorid>GUID</connectorid>\n </customconnectorid></p>",
			insert,
		},
		"insert_on_one_line": {
			"<p><connectorid>X</connectorid><z/></p>",
			"<p><connectorid>X</connectorid>" +
				"<customconnectorid><connectorid>GUID</connectorid></customconnectorid><z/></p>",
			insert,
		},
		"insert_with_a_space": {
			"<p> <connectorid/></p>",
			"<p> <connectorid/> <customconnectorid><connectorid>GUID</connectorid></customconnectorid></p>",
			insert,
		},
		"insert_twice_and_set": {
			"<p><b/><z/></p>", "<p><b>x</b><n><c>&lt;</c></n><o><c></c></o><z/></p>",
			func(d *splice.XML) {
				d.InsertAfter(d.Root.Child("b"), "n", "c", "<")
				d.SetText(d.Root.Child("b"), "x")
				d.InsertAfter(d.Root.Child("b"), "o", "c", "")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := parseXML(t, test.src)
			if string(d.Bytes()) != test.src || d.Changed() {
				t.Error("a new document is not its source")
			}
			test.edit(d)
			got := string(d.Bytes())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			parseXML(t, got)
			if d.Changed() != (got != test.src) {
				t.Errorf("Changed returned %t", d.Changed())
			}
		})
	}
}

func TestXMLMistakes(t *testing.T) {
	for name, edit := range map[string]func(d *splice.XML){
		"set_twice": func(d *splice.XML) {
			d.SetText(d.Root.Child("b"), "x")
			d.SetText(d.Root.Child("b"), "y")
		},
		"set_empty_twice": func(d *splice.XML) {
			d.SetAttr(d.Root, "c", "x")
			d.SetAttr(d.Root, "c", "y")
		},
		"text_of_parent":    func(d *splice.XML) { d.SetText(d.Root, "x") },
		"missing_attr":      func(d *splice.XML) { d.SetAttr(d.Root, "x", "y") },
		"insert_after_root": func(d *splice.XML) { d.InsertAfter(d.Root, "x", "y", "z") },
	} {
		t.Run(name, func(t *testing.T) {
			d := parseXML(t, `<a c=""><b>t</b></a>`)
			checkPanic(t, func() {
				edit(d)
				d.Bytes()
			})
		})
	}
}
