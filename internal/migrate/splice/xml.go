package splice

// An Element is an XML element and its place in the source.
type Element struct {
	Name     string // as written, with its prefix
	Attrs    []Attr
	Children []*Element
	Parent   *Element // nil for the root

	// Start and End are the byte span in the source, from < of the start tag to behind > of the end
	// tag.
	Start, End int

	// Text is the decoded character data without white space at its ends. It is empty if the element
	// has child elements.
	Text string

	tagEnd             int // behind > of the start tag
	textStart, textEnd int // span of Text, with comments and CDATA marks; empty if there is no text
}

// An Attr is an attribute of an element.
type Attr struct {
	Name  string // as written, with its prefix
	Value string // decoded

	start, end int // span of the value, without quotes
}

// Attr returns the attribute with a name as written, or nil.
func (e *Element) Attr(name string) *Attr {
	if e == nil {
		return nil
	}
	for i := range e.Attrs {
		if e.Attrs[i].Name == name {
			return &e.Attrs[i]
		}
	}
	return nil
}

// Child returns the first child element with a name as written, or nil.
func (e *Element) Child(name string) *Element {
	if e == nil {
		return nil
	}
	for _, child := range e.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// Walk calls visit for e and the elements within it, in source order. Elements within an element
// are skipped if visit returns false for it.
func (e *Element) Walk(visit func(*Element) (descend bool)) {
	if (e == nil) || !visit(e) {
		return
	}
	for _, child := range e.Children {
		child.Walk(visit)
	}
}

// Find returns the first element in source order, e included, for which match returns true, or nil.
func (e *Element) Find(match func(*Element) bool) *Element {
	var found *Element
	e.Walk(func(e *Element) bool {
		if found == nil && match(e) {
			found = e
		}
		return found == nil
	})
	return found
}
