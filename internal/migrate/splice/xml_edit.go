package splice

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Changed reports whether an edit was recorded. Setting what a value already is records none.
func (d *XML) Changed() bool { return d.edits.changed() }

// Bytes returns the source with the edits applied, as a copy. It panics if edits overlap.
func (d *XML) Bytes() []byte { return d.edits.apply() }

// SetAttr replaces the value of an attribute and keeps its quotes. An attribute that already has the
// value is kept as written. It panics if e has no such attribute.
func (d *XML) SetAttr(e *Element, name, value string) {
	attr := e.Attr(name)
	if attr == nil {
		panic("splice: SetAttr of a missing attribute")
	}
	if attr.Value != value {
		quote := rune(d.edits.src[attr.end])
		d.edits.replace(attr.start, attr.end, escapeXML(value, string(quote)+"\t\n"))
	}
}

// SetText replaces the text of an element and keeps the white space around it. Comments and CDATA
// marks between the first and last character of the text are replaced too. An element without text
// gets it directly behind its start tag, and <a/> becomes <a>text</a>. An element that already has
// the text is kept as written. SetText panics if e has child elements.
func (d *XML) SetText(e *Element, value string) {
	if len(e.Children) > 0 {
		panic("splice: SetText of an element with child elements")
	}
	if e.Text == value {
		return
	}
	text := escapeXML(value, "")
	if e.tagEnd == e.End {
		d.edits.replace(e.End-len("/>"), e.End, ">"+text+"</"+e.Name+">")
		return
	}
	d.edits.replace(e.textStart, e.textEnd, text)
}

// InsertAfter inserts <name><child>text</child></name> as the next sibling of e. The white space
// before e is copied. If it contains a line break, child stands on a line of its own, indented from
// e as e is from its parent; otherwise all is on one line. It panics for the root.
func (d *XML) InsertAfter(e *Element, name, child, text string) {
	if e.Parent == nil {
		panic("splice: InsertAfter of the root element")
	}
	d.edits.insert(e.End, spaceBefore(d.edits.src, e.Start)+d.nested(e, name, child, text))
}

// SetChild replaces an element by one of the same name without attributes, with a child as InsertAfter
// writes it. It panics for the root.
func (d *XML) SetChild(e *Element, child, text string) {
	if e.Parent == nil {
		panic("splice: SetChild of the root element")
	}
	d.edits.replace(e.Start, e.End, d.nested(e, e.Name, child, text))
}

// nested returns <name><child>text</child></name>, laid out for the place of e.
func (d *XML) nested(e *Element, name, child, text string) string {
	src := d.edits.src
	space := spaceBefore(src, e.Start)
	inner, outer := "", ""
	if at := strings.LastIndexAny(space, "\r\n"); at >= 0 {
		outer = lineBreak(space[:at+1]) + space[at+1:]
		inner = outer + indentUnit(space[at+1:], indentation(src, e.Parent.Start))
	}
	return "<" + name + ">" +
		inner + "<" + child + ">" + escapeXML(text, "") + "</" + child + ">" +
		outer + "</" + name + ">"
}

// spaceBefore returns the white space that ends at an offset.
func spaceBefore(src []byte, offset int) string {
	before := src[:offset]
	return string(before[len(bytes.TrimRight(before, xmlSpace)):])
}

// lineBreak returns the line break at the end of s.
func lineBreak(s string) string {
	if strings.HasSuffix(s, "\r\n") {
		return "\r\n"
	}
	return s[len(s)-1:]
}

// indentation returns the spaces and tabs at the start of the line that contains an offset.
func indentation(src []byte, offset int) string {
	line := src[bytes.LastIndexAny(src[:offset], "\r\n")+1 : offset]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// indentUnit returns what own adds to the indentation of the parent, or two spaces if it does not
// start with it.
func indentUnit(own, parent string) string {
	if unit, ok := strings.CutPrefix(own, parent); ok {
		return unit
	}
	return "  "
}

// xmlEscapes has the references for characters that cannot always stand for themselves.
var xmlEscapes = map[rune]string{
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\'': "&apos;",
	'\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;",
}

// escapeXML escapes s for use as text. Characters in also are escaped too. Characters that XML does
// not allow, and invalid UTF-8, become U+FFFD.
func escapeXML(s, also string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune("&<>\r"+also, r):
			b.WriteString(xmlEscapes[r])
		case isXMLChar(r):
			b.WriteRune(r)
		default:
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}

// isXMLChar reports whether r is a character of XML 1.0. Range loops over strings produce no
// surrogates.
func isXMLChar(r rune) bool {
	return (r >= 0x20 && r != 0xFFFE && r != 0xFFFF) || r == '\t' || r == '\n' || r == '\r'
}
