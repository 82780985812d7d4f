package expression

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// skipSpace consumes white space.
func (p *parser) skipSpace() { p.takeWhile(unicode.IsSpace) }

// accept consumes token, and white space before it, if token comes next.
func (p *parser) accept(token string) bool {
	p.skipSpace()
	if !strings.HasPrefix(p.text[p.pos:], token) {
		return false
	}
	p.pos += len(token)
	return true
}

// expect consumes token, or returns an error if it does not come next.
func (p *parser) expect(token string) error {
	if !p.accept(token) {
		return p.expected(token)
	}
	return nil
}

// next returns the next byte, or 0 at the end.
func (p *parser) next() byte {
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

// takeWhile consumes the characters up to the first that is not ok.
func (p *parser) takeWhile(ok func(rune) bool) string {
	rest := p.text[p.pos:]
	end := strings.IndexFunc(rest, func(r rune) bool { return !ok(r) })
	if end < 0 {
		end = len(rest)
	}
	p.pos += end
	return rest[:end]
}

// quoted returns the string literal that comes next. Two quotes in it stand for one.
func (p *parser) quoted() (node, error) {
	var s strings.Builder
	for p.pos++; ; p.pos++ {
		part, _, found := strings.Cut(p.text[p.pos:], "'")
		s.WriteString(part)
		p.pos += len(part)
		if !found {
			return node{}, p.expected("'")
		}
		p.pos++
		if p.next() != '\'' {
			return leaf(s.String()), nil
		}
		s.WriteByte('\'')
	}
}

// number returns the number that comes next.
func (p *parser) number() (node, error) {
	start := p.pos
	if p.next() == '-' {
		p.pos++
	}
	if err := p.digits(); err != nil {
		return node{}, err
	}
	if p.next() == '.' {
		p.pos++
		if err := p.digits(); err != nil {
			return node{}, err
		}
	}
	if (p.next() == 'e') || (p.next() == 'E') {
		p.pos++
		if (p.next() == '+') || (p.next() == '-') {
			p.pos++
		}
		if err := p.digits(); err != nil {
			return node{}, err
		}
	}
	return leaf(Number(p.text[start:p.pos])), nil
}

// digits consumes one or more digits.
func (p *parser) digits() error {
	if p.takeWhile(func(r rune) bool { return (r < utf8.RuneSelf) && isDigit(byte(r)) }) == "" {
		return p.expected("a digit")
	}
	return nil
}

// name returns the name of a property after a dot.
func (p *parser) name() (node, error) {
	p.skipSpace()
	if c := p.next(); isDigit(c) || (c == '-') {
		return node{}, p.expected("the name of a property")
	}
	name := p.takeWhile(isNamePart)
	if name == "" {
		return node{}, p.expected("the name of a property")
	}
	return leaf(name), nil
}

func isDigit(c byte) bool { return ('0' <= c) && (c <= '9') }

// isWord reports whether r can be in the name of a function.
func isWord(r rune) bool {
	return (r < utf8.RuneSelf) && ((r == '_') || unicode.IsLetter(r) || unicode.IsDigit(r))
}

// isNamePart reports whether r can be in the name of a property after a dot. As in the parser of the
// Logic Apps designer, that is anything but white space and the characters of tokens:
// https://github.com/Azure/LogicAppsUX/blob/main/libs/logic-apps-shared/src/parsers/lib/expression/scanner.ts
func isNamePart(r rune) bool { return !strings.ContainsRune(`.,(){}@[]?'"`, r) && !unicode.IsSpace(r) }
