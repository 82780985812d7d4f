package splice

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxYAMLScalar is the maximum length of a new scalar in bytes. A mapping key without ? must be at
// most 1024 characters long, and this leaves room for the properties and quotes of a key.
const maxYAMLScalar = 512

// Changed reports whether an edit was recorded. Setting what a value already is records none.
func (d *YAML) Changed() bool { return d.edits.changed() }

// Bytes returns the source with the edits applied, as a copy. It panics if edits overlap.
func (d *YAML) Bytes() []byte { return d.edits.apply() }

// Set replaces the text of a scalar on one line and keeps its quotes. It returns an error and
// records nothing if n is not such a scalar, if its bytes cannot be found with certainty, as with
// escapes other than \\ and \", or if s cannot be written in the style of n. A plain scalar can only
// become an identifier of letters, digits and any of _./- that is not read as a number or the like.
// All aliases of n change with it.
func (d *YAML) Set(n *yaml.Node, s string) error {
	if n.Kind != yaml.ScalarNode {
		return errors.New("not a scalar")
	}
	old, ok := spellYAML(n.Style, n.Value)
	if !ok || old == "" {
		return errors.New("scalar is empty or not on one line")
	}
	start, ok := d.find(n, old)
	if !ok {
		return errors.New("scalar not found as written")
	}
	text, ok := spellYAML(n.Style, s)
	if !ok || len(text) > maxYAMLScalar || (unquoted(n.Style) && !isPlainSafe(s)) {
		return errors.New("new value cannot be written in the style of the scalar")
	}
	d.edits.replace(start, start+len(old), text)
	return nil
}

// maxColumn bounds the characters that are counted to find a scalar, since one line can have many.
const maxColumn = 16 << 10

// find returns the offset of a scalar's text, which must be spelled as given.
func (d *YAML) find(n *yaml.Node, spelled string) (int, bool) {
	if (n.Line < 1) || (n.Line > len(d.lines)) || (n.Column > maxColumn) {
		return 0, false
	}
	src := d.edits.src
	start := d.lines[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(src[start:])
		start += size
	}
	start = skipProperties(src, start)
	return start, bytes.HasPrefix(src[start:], []byte(spelled))
}

// skipProperties returns the offset behind anchors and tags. A node's position includes them, and
// no scalar starts with & or !.
func skipProperties(src []byte, start int) int {
	for start < len(src) && (src[start] == '&' || src[start] == '!') {
		rest := src[start:]
		length := bytes.IndexAny(rest, " \t\r\n")
		if length < 0 {
			return len(src)
		}
		start += len(rest) - len(bytes.TrimLeft(rest[length:], " \t"))
	}
	return start
}

// unquoted reports whether a style is that of plain scalars. Tags and anchors do not matter.
func unquoted(style yaml.Style) bool {
	return style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// spellYAML returns s on one line in the given style. It returns false for block scalars and for
// characters that cannot stand for themselves.
func spellYAML(style yaml.Style, s string) (string, bool) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, isYAMLSpecial) {
		return "", false
	}
	switch {
	case style&yaml.DoubleQuotedStyle != 0:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, true
	case style&yaml.SingleQuotedStyle != 0:
		return `'` + strings.ReplaceAll(s, `'`, `''`) + `'`, true
	}
	return s, unquoted(style)
}

// isYAMLSpecial reports whether r is a line break of YAML 1.1, a control character, or another
// character that a YAML stream cannot contain anywhere.
func isYAMLSpecial(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7F && r < 0xA0:
		return r != '\t'
	}
	return slices.Contains([]rune{'\u2028', '\u2029', '\ufeff', '\ufffe', '\uffff'}, r)
}

var (
	// plainIdentifier matches texts without indicators. A leading hyphen could start a sequence.
	plainIdentifier = regexp.MustCompile(`^[A-Za-z0-9_./][A-Za-z0-9_./-]*$`)

	// yaml11Bool matches what parsers of YAML 1.1 read as a boolean, and this module's does not.
	yaml11Bool = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off)$`)
)

// isPlainSafe reports whether s is read as a string without quotes, anywhere in a document.
func isPlainSafe(s string) bool {
	n := yaml.Node{Kind: yaml.ScalarNode, Value: s}
	return plainIdentifier.MatchString(s) && !yaml11Bool.MatchString(s) && (s != "...") && n.ShortTag() == "!!str"
}

// yamlLines returns the offset at which each line starts, by the line breaks of YAML 1.1, which
// the decoder counts: LF, CR, CRLF, NEL, LS and PS. A byte order mark precedes the first line.
func yamlLines(src []byte) []int {
	lines := []int{contentStart(src)}
	for i, r := range string(src) {
		crlf := r == '\r' && bytes.HasPrefix(src[i+1:], []byte("\n"))
		if strings.ContainsRune("\r\n\u0085\u2028\u2029", r) && !crlf {
			lines = append(lines, i+utf8.RuneLen(r))
		}
	}
	return lines
}
