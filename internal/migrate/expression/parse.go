package expression

import (
	"fmt"
	"strings"
)

// Parse splits a string of a flow into literal text and expressions.
//
// A text that starts with @ is one expression up to its end. One that starts with @@ is literal in
// full, without the first @. In any other text, @{ starts an expression that ends with }, and @@{
// stands for @{:
// https://learn.microsoft.com/azure/logic-apps/logic-apps-workflow-definition-language#expressions
func Parse(text string) (Text, error) {
	switch {
	case strings.HasPrefix(text, "@@"):
		return Text{Parts: []Part{{Literal: text[1:]}}}, nil
	case strings.HasPrefix(text, "@") && !strings.HasPrefix(text, "@{"):
		return parseWhole(text)
	}
	return parseTemplate(text)
}

// parseWhole parses a text that is one expression after its first byte.
func parseWhole(text string) (Text, error) {
	p := &parser{text: text, pos: 1}
	n, err := p.parse(1)
	if err != nil {
		return Text{}, err
	}
	if p.pos < len(text) {
		return Text{}, p.expected("the end")
	}
	return Text{Parts: []Part{{Expr: n.Expr}}, whole: true}, nil
}

// parseTemplate parses a text with expressions in @{ }.
func parseTemplate(text string) (Text, error) {
	var t Text
	p := &parser{text: text}
	for {
		if literal := p.literal(); literal != "" {
			t.Parts = append(t.Parts, Part{Literal: literal})
		}
		if p.pos == len(text) {
			return t, nil
		}
		p.pos += len("@{")
		n, err := p.parse(1)
		if err == nil {
			err = p.expect("}")
		}
		if err != nil {
			return Text{}, err
		}
		t.Parts = append(t.Parts, Part{Expr: n.Expr})
	}
}

// literal consumes the text up to the next expression and returns it without its escapes.
func (p *parser) literal() string {
	var literal strings.Builder
	for {
		length := strings.Index(p.text[p.pos:], "@{")
		if length < 0 {
			literal.WriteString(p.text[p.pos:])
			p.pos = len(p.text)
			return literal.String()
		}
		before := p.text[p.pos : p.pos+length]
		p.pos += length
		if !strings.HasSuffix(before, "@") {
			literal.WriteString(before)
			return literal.String()
		}
		literal.WriteString(before)
		literal.WriteByte('{')
		p.pos += len("@{")
	}
}

// A parser parses the expression at pos of a text.
type parser struct {
	text string
	pos  int
}

// A node is an expression with the height of its tree.
type node struct {
	*Expr
	height int
}

// parse returns a call or a literal with all accesses that follow it, and consumes white space
// around them. Depth is 1 for an expression that is part of no other. It limits the recursion. The
// height of nodes limits what parse builds without recursion: accesses.
func (p *parser) parse(depth int) (node, error) {
	if depth > MaxDepth {
		return node{}, p.tooDeep()
	}
	n, err := p.primary(depth)
	for err == nil {
		safe := p.accept("?")
		var index node
		switch {
		case p.accept("["):
			index, err = p.index(depth)
		case p.accept("."):
			index, err = p.name()
		case safe:
			return node{}, p.expected("[ or .")
		default:
			return n, nil
		}
		if err != nil {
			return node{}, err
		}
		access := &Expr{Of: n.Expr, Index: index.Expr, Safe: safe}
		n, err = p.parent(access, max(n.height, index.height))
	}
	return node{}, err
}

// parent returns an expression above others, the highest of which has this height.
func (p *parser) parent(e *Expr, height int) (node, error) {
	if height >= MaxDepth {
		return node{}, p.tooDeep()
	}
	return node{Expr: e, height: height + 1}, nil
}

// index returns the expression before a bracket.
func (p *parser) index(depth int) (node, error) {
	n, err := p.parse(depth + 1)
	if err == nil {
		err = p.expect("]")
	}
	return n, err
}

// primary returns a literal or a call.
func (p *parser) primary(depth int) (node, error) {
	p.skipSpace()
	switch next := p.next(); {
	case next == '\'':
		return p.quoted()
	case (next == '-') || isDigit(next):
		return p.number()
	}
	word := p.takeWhile(isWord)
	switch {
	case strings.EqualFold(word, "null"):
		return leaf(nil), nil
	case strings.EqualFold(word, "true"):
		return leaf(true), nil
	case strings.EqualFold(word, "false"):
		return leaf(false), nil
	case word == "":
		return node{}, p.expected("an expression")
	}
	if err := p.expect("("); err != nil {
		return node{}, err
	}
	return p.call(word, depth)
}

// call returns the call of a function, whose arguments come next.
func (p *parser) call(name string, depth int) (node, error) {
	call, height := &Expr{Call: name}, 0
	if p.accept(")") {
		return p.parent(call, height)
	}
	for {
		arg, err := p.parse(depth + 1)
		if err != nil {
			return node{}, err
		}
		call.Args, height = append(call.Args, arg.Expr), max(height, arg.height)
		if p.accept(")") {
			return p.parent(call, height)
		}
		if !p.accept(",") {
			return node{}, p.expected(", or )")
		}
	}
}

// leaf returns a literal.
func leaf(value any) node { return node{Expr: &Expr{Literal: value}, height: 1} }

func (p *parser) expected(what string) error {
	return fmt.Errorf("offset %d: expected %s", p.pos, what)
}

func (p *parser) tooDeep() error {
	return fmt.Errorf("offset %d: expected at most %d levels of nesting", p.pos, MaxDepth)
}
