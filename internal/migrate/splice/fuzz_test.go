package splice_test

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/partner-center/connector/internal/migrate/splice"
)

// ownError matches errors that have no text but the package's own.
var ownError = regexp.MustCompile(`^(line \d+(, offset \d+)?: )?(` +
	`invalid (JSON|XML|YAML|UTF-8)|duplicate (member name|attribute)|data after the JSON value|too many values|` +
	`too many elements and attributes|(values|elements) are nested too deeply|more than one root element|` +
	`document type declarations are not supported|end tag without start tag|text outside the root element|` +
	`XML declaration inside the document|encoding other than UTF-8)$`)

func checkOwn(t *testing.T, err error) {
	if !ownError.MatchString(err.Error()) {
		t.Errorf("unknown error %q", err)
	}
}

// checkSplice checks that got is src with one replacement, inside the span from start to end.
func checkSplice(t *testing.T, src, got []byte, start, end int) {
	t.Helper()
	if !bytes.HasPrefix(got, src[:start]) || !bytes.HasSuffix(got[start:], src[end:]) {
		t.Errorf("bytes outside %d to %d changed: %q became %q", start, end, src, got)
	}
}

func FuzzJSON(f *testing.F) {
	for _, src := range []string{
		"\ufeff{ \"a\" : [1.50, \"\\u00f6\\/\", {}],\r\n\t\"b~/\":null}",
		`"x"`, `[[],{"":true}]`, ` 0 `, `{"a":{"b":"c","d":[]}}`,
	} {
		f.Add([]byte(src), uint(1), "new \"\\\x00 ö")
	}
	f.Fuzz(func(t *testing.T, src []byte, index uint, text string) {
		d, err := splice.ParseJSON(src)
		if err != nil {
			checkOwn(t, err)
			return
		}
		if !bytes.Equal(d.Bytes(), src) {
			t.Fatal("a document without edits is not its source")
		}
		_, values := flattenJSON(d.Root)
		i := int(index % uint(len(values)))
		if values[i].Kind == splice.Object || values[i].Kind == splice.Array {
			return
		}
		text = string(bytes.ToValidUTF8([]byte(text), []byte("\ufffd")))
		d.SetString(values[i], text)
		checkSplice(t, src, d.Bytes(), values[i].Start, values[i].End)
		values[i].Kind, values[i].Text = splice.String, text
		leaves, _ := flattenJSON(d.Root)
		after, _ := flattenJSON(parseJSON(t, string(d.Bytes())).Root)
		if diff := cmp.Diff(leaves, after); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzXML(f *testing.F) {
	for _, src := range []string{
		"\ufeff<?xml version='1.0' encoding='utf-8'?>\r\n" +
			"<a b = 'c&amp;' x:d=\"\">\r\n\t<e/> t <f> x<!-- y --> </f>\r\n</a>",
		"<a><![CDATA[ ]] ]]></a>", "<a b='1'c='2'/>", "<a>&#13;x</a>", "<a><b> </b ></a>",
	} {
		f.Add([]byte(src), uint(1), "new <&>\"'")
	}
	f.Fuzz(func(t *testing.T, src []byte, index uint, text string) {
		d, err := splice.ParseXML(src)
		if err != nil {
			checkOwn(t, err)
			return
		}
		if !bytes.Equal(d.Bytes(), src) {
			t.Fatal("a document without edits is not its source")
		}
		_, elements := flattenXML(d.Root)
		e := elements[index%uint(len(elements))]
		// What XML cannot hold, and white space at the ends, is not read back.
		text = "x" + regexp.MustCompile(`[^\t\n\r\x20-\x{fffd}\x{10000}-\x{10ffff}]`).ReplaceAllString(
			string(bytes.ToValidUTF8([]byte(text), nil)), "") + "x"
		switch {
		case len(e.Attrs) > 0:
			d.SetAttr(e, e.Attrs[0].Name, text)
			e.Attrs[0].Value = text
		case len(e.Children) == 0:
			d.SetText(e, text)
			e.Text = text
		default:
			return
		}
		checkSplice(t, src, d.Bytes(), e.Start, e.End)
		leaves, _ := flattenXML(d.Root)
		after, _ := flattenXML(parseXML(t, string(d.Bytes())).Root)
		if diff := cmp.Diff(leaves, after); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzYAML(f *testing.F) {
	for _, src := range []string{
		"\ufeffa: 1\r\nö: [x, 'it''s', \"q\\\"\"] # c\r\n", "a: &x !!str b\nc: *x\n",
		"- |\n  t\n\n- x\u2028- y\u0085- z",
		"{a: b, ? c, d}", "--- a\n--- 'b'\n...\n", "? - a\n: - b\n", "# c\n\n# d\na:\n  b: # e\n    - f\n",
	} {
		f.Add([]byte(src), uint(1), "new-id/1")
		f.Add([]byte(src), uint(2), "it's \"new\"\\")
	}
	f.Fuzz(func(t *testing.T, src []byte, index uint, text string) {
		d, err := splice.ParseYAML(src)
		if err != nil {
			checkOwn(t, err)
			return
		}
		if !bytes.Equal(d.Bytes(), src) {
			t.Fatal("a stream without edits is not its source")
		}
		_, nodes := flattenYAML(d)
		if len(nodes) == 0 {
			return
		}
		n := nodes[index%uint(len(nodes))]
		old := n.Value
		if d.Set(n, text) != nil {
			return
		}
		n.Value = text
		leaves, _ := flattenYAML(d)
		changed, err := splice.ParseYAML(d.Bytes())
		if err != nil {
			t.Fatalf("%v in %q, after %q in %q became %q", err, d.Bytes(), old, src, text)
		}
		after, _ := flattenYAML(changed)
		if diff := cmp.Diff(leaves, after); diff != "" {
			t.Errorf("%q became %q:\n%s", src, d.Bytes(), diff)
		}
	})
}
