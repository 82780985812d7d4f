package splice

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"strings"
)

// xmlSpace is the white space of XML 1.0.
const xmlSpace = " \t\r\n"

// An XML is a parsed XML document and its edits.
type XML struct {
	Root *Element

	edits edits
}

// ParseXML parses an XML document in UTF-8, which a byte order mark may precede. Document type
// declarations and other encodings are errors. The document refers to src, which must not be
// modified.
func ParseXML(src []byte) (*XML, error) {
	if err := checkUTF8(src); err != nil {
		return nil, err
	}
	base := contentStart(src)
	p := &xmlParser{src: src, base: base, dec: xml.NewDecoder(bytes.NewReader(src[base:]))}
	for {
		start := p.offset()
		token, err := p.dec.RawToken()
		if err == io.EOF && len(p.open) == 0 && p.root != nil {
			return &XML{Root: p.root, edits: edits{src: src}}, nil
		}
		if err != nil {
			// The decoder's messages quote the source.
			return nil, p.fail("invalid XML")
		}
		if err := p.add(token, start); err != nil {
			return nil, err
		}
	}
}

// An xmlParser builds a tree from the tokens of dec, which checks the syntax of each.
type xmlParser struct {
	src   []byte
	base  int // offset in src at which dec starts
	dec   *xml.Decoder
	root  *Element
	open  []*Element
	text  []byte // character data of the innermost open element
	count int    // elements and attributes so far
}

// offset returns the offset in src behind the last token.
func (p *xmlParser) offset() int { return p.base + int(p.dec.InputOffset()) }

func (p *xmlParser) fail(problem string) error { return errorAt(p.src, p.offset(), problem) }

// add adds a token that starts at an offset.
func (p *xmlParser) add(token xml.Token, start int) error {
	switch token := token.(type) {
	case xml.StartElement:
		return p.startElement(token, start)
	case xml.EndElement:
		return p.endElement(token, start)
	case xml.CharData:
		return p.charData(token, start)
	case xml.ProcInst:
		return p.instruction(token, start)
	case xml.Directive:
		return p.fail("document type declarations are not supported")
	default: // a comment
		return nil
	}
}

func (p *xmlParser) startElement(token xml.StartElement, start int) error {
	p.count += 1 + len(token.Attr)
	switch {
	case p.count > MaxValues:
		return p.fail("too many elements and attributes")
	case len(p.open) >= MaxDepth:
		return p.fail("elements are nested too deeply")
	case len(p.open) == 0 && p.root != nil:
		return p.fail("more than one root element")
	}
	end := p.offset()
	e := &Element{Name: written(token.Name), Start: start, tagEnd: end, textStart: end, textEnd: end}
	if len(p.open) == 0 {
		p.root = e
	} else {
		e.Parent = p.open[len(p.open)-1]
		e.Parent.Children = append(e.Parent.Children, e)
	}
	p.open = append(p.open, e)
	p.text = nil
	return p.attributes(e, token.Attr)
}

// attributes adds the attributes of a start tag. The decoder reports no offsets within a tag but has
// checked that each attribute is a name, =, and a quoted value.
func (p *xmlParser) attributes(e *Element, attrs []xml.Attr) error {
	seen := make(map[string]bool, len(attrs))
	pos := e.Start
	for _, attr := range attrs {
		a := Attr{Name: written(attr.Name), Value: attr.Value}
		if seen[a.Name] {
			return p.fail("duplicate attribute")
		}
		seen[a.Name] = true
		open := pos + bytes.IndexAny(p.src[pos:e.tagEnd], `"'`)
		a.start = open + 1
		a.end = a.start + bytes.IndexByte(p.src[a.start:e.tagEnd], p.src[open])
		pos = a.end + 1
		e.Attrs = append(e.Attrs, a)
	}
	return nil
}

func (p *xmlParser) endElement(token xml.EndElement, start int) error {
	if len(p.open) == 0 || p.open[len(p.open)-1].Name != written(token.Name) {
		return errorAt(p.src, start, "end tag without start tag")
	}
	e := p.open[len(p.open)-1]
	e.End = p.offset()
	if len(e.Children) == 0 {
		e.Text = strings.Trim(string(p.text), xmlSpace)
	}
	p.open = p.open[:len(p.open)-1]
	p.text = nil
	return nil
}

func (p *xmlParser) charData(token xml.CharData, start int) error {
	raw := p.src[start:p.offset()]
	trimmed := bytes.TrimLeft(raw, xmlSpace)
	if len(p.open) == 0 {
		if len(trimmed) > 0 {
			return errorAt(p.src, start, "text outside the root element")
		}
		return nil
	}
	e := p.open[len(p.open)-1]
	if len(e.Children) > 0 {
		return nil
	}
	p.text = append(p.text, token...)
	if len(trimmed) == 0 {
		return nil
	}
	if e.textStart == e.textEnd {
		e.textStart = start + len(raw) - len(trimmed)
	}
	e.textEnd = start + len(bytes.TrimRight(raw, xmlSpace))
	return nil
}

// encodingDeclaration matches the encoding in an XML declaration.
var encodingDeclaration = regexp.MustCompile(`\sencoding\s*=\s*["']([^"']*)["']`)

// instruction checks an XML declaration. Other processing instructions are ignored.
func (p *xmlParser) instruction(token xml.ProcInst, start int) error {
	if token.Target != "xml" {
		return nil
	}
	if start != p.base {
		return errorAt(p.src, start, "XML declaration inside the document")
	}
	match := encodingDeclaration.FindSubmatch(append([]byte(" "), token.Inst...))
	if match != nil && !strings.EqualFold(string(match[1]), "utf-8") {
		return p.fail("encoding other than UTF-8")
	}
	return nil
}

// written returns a name as it is spelled in the source. The decoder splits it at a colon.
func written(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}
