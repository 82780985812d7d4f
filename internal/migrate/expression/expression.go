// Package expression parses the expressions of the workflow definition language, in which flows of
// Power Automate and Logic Apps are written: the strings that start with @ or contain @{. It returns
// a tree and evaluates nothing, and it knows no function by name. Parse takes time and memory in
// proportion to its input, which may be any string, and the trees it returns have a limited height.
// Errors never quote the text, which can contain secrets. Which function is called with which
// arguments, and what that reads, is up to the caller.
package expression

import "strings"

// MaxDepth is the maximum height of an expression's tree: the number of nodes from an Expr down to
// a node without children.
const MaxDepth = 200

// A Text is a string of a flow: literal parts and expressions.
type Text struct {
	// Parts are in the order of the text. No part is an empty literal, and no two literals are
	// adjacent, so that an empty text has no parts.
	Parts []Part

	whole bool // the text starts with @ and is one expression
}

// A Part of a Text is an expression, or literal text if Expr is nil.
type Part struct {
	Literal string // without escapes
	Expr    *Expr
}

// Whole returns the expression of a text that is one expression, whose value keeps its type, as in
// "@body('A')". It returns nil for any other text. This includes "@{body('A')}", which converts the
// value to a string.
func (t Text) Whole() *Expr {
	if !t.whole {
		return nil
	}
	return t.Parts[0].Expr
}

// Literal returns the text without its escapes. It returns false if the text has an expression.
func (t Text) Literal() (string, bool) {
	switch {
	case len(t.Parts) == 0:
		return "", true
	case (len(t.Parts) > 1) || (t.Parts[0].Expr != nil):
		return "", false
	}
	return t.Parts[0].Literal, true
}

// Masked returns the text with mask in place of each expression.
func (t Text) Masked(mask string) string {
	var out strings.Builder
	for _, part := range t.Parts {
		if out.WriteString(part.Literal); part.Expr != nil {
			out.WriteString(mask)
		}
	}
	return out.String()
}

// An Expr is an expression. It is a call if Call is set, an access to a property or an element if Of
// is set, and a literal otherwise.
type Expr struct {
	Call string // the name of the function, as spelled
	Args []*Expr

	Of, Index *Expr // a property written as .name has the string literal 'name' as its Index
	Safe      bool  // written with ?, for null instead of an error where Of is null

	Literal any // a string, Number or bool, or nil for null
}

// A Number is a number literal as it is spelled.
type Number string

// IsCall reports whether e calls the function with this name. Names of functions are compared
// without regard to case.
func (e *Expr) IsCall(name string) bool { return (e.Call != "") && strings.EqualFold(e.Call, name) }

// Str returns the value of a string literal. It returns false for any other expression.
func (e *Expr) Str() (string, bool) {
	s, ok := e.Literal.(string)
	return s, ok
}
