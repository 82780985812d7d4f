package splice

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonSpace is the white space of RFC 8259.
const jsonSpace = " \t\r\n"

// A JSON is a parsed JSON document and its edits.
type JSON struct {
	Root *Value

	edits edits
}

// ParseJSON parses one JSON value, which a byte order mark may precede. Duplicate names, invalid
// UTF-8 and data after the value are errors. An escaped surrogate without its other half, which a text
// that was cut short can have, counts as U+FFFD. The document refers to src, which must not be modified.
func ParseJSON(src []byte) (*JSON, error) {
	if err := checkUTF8(src); err != nil {
		return nil, err
	}
	base := contentStart(src)
	p := jsonParser{
		src:  src,
		base: base,
		// The decoder reads a bytes.Buffer in place and does not write to it.
		dec: jsontext.NewDecoder(bytes.NewBuffer(src[base:]), jsontext.AllowInvalidUTF8(true)),
	}
	root, err := p.value(1)
	if err != nil {
		return nil, err
	}
	if rest := bytes.TrimLeft(src[root.End:], jsonSpace); len(rest) > 0 {
		return nil, errorAt(src, len(src)-len(rest), "data after the JSON value")
	}
	return &JSON{Root: root, edits: edits{src: src}}, nil
}

// A jsonParser builds a tree from the tokens of dec, which checks the grammar.
type jsonParser struct {
	src   []byte
	base  int // offset in src at which dec starts
	dec   *jsontext.Decoder
	count int // values so far
	names int // bytes in the names around the next value
}

// offset returns the offset in src behind the last token.
func (p *jsonParser) offset() int { return p.base + int(p.dec.InputOffset()) }

// value reads the next value, which is an error at more than MaxDepth collections.
func (p *jsonParser) value(depth int) (*Value, error) {
	p.count++
	if p.count > MaxValues {
		return nil, errorAt(p.src, p.offset(), "too many values")
	}
	switch kind := p.dec.PeekKind(); kind {
	case '{', '[':
		if depth > MaxDepth {
			return nil, errorAt(p.src, p.offset(), "values are nested too deeply")
		}
		return p.collection(kind, depth)
	default:
		return p.scalar(kind)
	}
}

func (p *jsonParser) collection(kind jsontext.Kind, depth int) (*Value, error) {
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, p.fail(err)
	}
	v := &Value{Kind: Array, Start: p.offset() - 1}
	next := p.element
	if kind == '{' {
		v.Kind, next = Object, p.member
	}
	for p.dec.PeekKind() != kind+2 { // in ASCII, ']' and '}' follow two behind '[' and '{'
		if err := next(v, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, p.fail(err)
	}
	v.End = p.offset()
	return v, nil
}

func (p *jsonParser) element(array *Value, depth int) error {
	v, err := p.value(depth)
	array.Elements = append(array.Elements, v)
	return err
}

func (p *jsonParser) member(object *Value, depth int) error {
	name, err := p.scalar('"')
	if err != nil {
		return err
	}
	p.names += len(name.Text)
	if p.names > MaxNames {
		return errorAt(p.src, name.Start, "names are too long")
	}
	v, err := p.value(depth)
	p.names -= len(name.Text)
	object.Members = append(object.Members, Member{Name: name.Text, Start: name.Start, End: name.End, Value: v})
	return err
}

// scalarKinds maps the kinds of jsontext that have no values within them.
var scalarKinds = map[jsontext.Kind]Kind{'"': String, '0': Number, 't': Bool, 'f': Bool, 'n': Null}

// scalar reads a scalar or a name. The kind is 0 if the decoder is at the end or at an error.
func (p *jsonParser) scalar(kind jsontext.Kind) (*Value, error) {
	raw, err := p.dec.ReadValue()
	if err != nil {
		return nil, p.fail(err)
	}
	end := p.offset()
	v := &Value{Kind: scalarKinds[kind], Start: end - len(raw), End: end, Text: string(raw)}
	if v.Kind == String {
		text, _ := jsontext.AppendUnquote(nil, raw) // fails only for a surrogate, which it replaces
		v.Text = string(text)
	}
	return v, nil
}

// fail replaces an error of the decoder, whose message may quote names and characters of the source.
func (p *jsonParser) fail(err error) error {
	offset := p.offset()
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset = p.base + int(syntactic.ByteOffset)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return errorAt(p.src, offset, "duplicate member name")
	}
	return errorAt(p.src, offset, "invalid JSON")
}
