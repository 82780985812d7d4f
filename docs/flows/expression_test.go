package flows_test

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// expression is a parsed expression of the workflow definition language. It is a call if call is
// set, the property or element index of value of if of is set, and a literal otherwise.
type expression struct {
	call      string
	arguments []*expression

	of, index *expression
	safe      bool // written with ?

	literal any
}

// segment is a part of a text: literal text, or an expression if that is not nil.
type segment struct {
	text string
	expr *expression
}

// parseText splits a text of a flow into segments. Whole reports that the text is one expression,
// whose value keeps its type.
func parseText(text string) (segments []segment, whole bool, err error) {
	if strings.HasPrefix(text, "@") && !strings.HasPrefix(text, "@@") && !strings.HasPrefix(text, "@{") {
		p := &parser{rest: text[1:]}
		expr, err := p.parse()
		if (err == nil) && (p.rest != "") {
			err = fmt.Errorf("expected the end instead of %q", p.rest)
		}
		return []segment{{expr: expr}}, true, err
	}
	for {
		before, after, found := strings.Cut(text, "@{")
		segments = append(segments, segment{text: before})
		if !found {
			return segments, false, nil
		}
		p := &parser{rest: after}
		expr, err := p.parse()
		if err == nil {
			err = p.expect("}")
		}
		if err != nil {
			return nil, false, err
		}
		segments, text = append(segments, segment{expr: expr}), p.rest
	}
}

// parser parses the expression at the start of rest.
type parser struct{ rest string }

func (p *parser) skipSpace() { p.rest = strings.TrimLeft(p.rest, " \n\t") }

// accept consumes token if it comes next.
func (p *parser) accept(token string) bool {
	p.skipSpace()
	rest, ok := strings.CutPrefix(p.rest, token)
	p.rest = rest
	return ok
}

func (p *parser) expect(token string) error {
	if !p.accept(token) {
		return fmt.Errorf("expected %q before %q", token, p.rest)
	}
	return nil
}

// parse returns a call or literal with all accesses that follow it.
func (p *parser) parse() (*expression, error) {
	expr, err := p.primary()
	for err == nil {
		safe := p.accept("?[")
		if !safe && !p.accept("[") {
			return expr, nil
		}
		var index *expression
		if index, err = p.parse(); err == nil {
			err = p.expect("]")
		}
		expr = &expression{of: expr, index: index, safe: safe}
	}
	return nil, err
}

// primary returns a text, a number, a constant or a call.
func (p *parser) primary() (*expression, error) {
	if p.accept("'") {
		return p.quoted()
	}
	p.skipSpace()
	end := strings.IndexFunc(p.rest, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && (r != '-') && (r != '.')
	})
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	if p.accept("(") {
		return p.callOf(word)
	}
	switch word {
	case "true", "false":
		return &expression{literal: word == "true"}, nil
	case "null":
		return &expression{}, nil
	}
	number, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return nil, fmt.Errorf("expected an expression instead of %q", word+p.rest)
	}
	return &expression{literal: number}, nil
}

// quoted returns the text up to the closing quote. Two quotes stand for one.
func (p *parser) quoted() (*expression, error) {
	var text strings.Builder
	for {
		part, rest, found := strings.Cut(p.rest, "'")
		if !found {
			return nil, fmt.Errorf("expected a quote after %q", p.rest)
		}
		text.WriteString(part)
		if p.rest = rest; !strings.HasPrefix(rest, "'") {
			return &expression{literal: text.String()}, nil
		}
		text.WriteByte('\'')
		p.rest = rest[1:]
	}
}

// callOf returns the call of a function, whose arguments come next.
func (p *parser) callOf(name string) (*expression, error) {
	call := &expression{call: name}
	if name == "" {
		return nil, fmt.Errorf("expected the name of a function before %q", p.rest)
	}
	if p.accept(")") {
		return call, nil
	}
	for {
		argument, err := p.parse()
		if err != nil {
			return nil, err
		}
		call.arguments = append(call.arguments, argument)
		if p.accept(")") {
			return call, nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}
