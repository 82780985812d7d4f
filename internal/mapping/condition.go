package mapping

import "fmt"

// A condition is a Condition of the answer that is being read.
type condition struct {
	node   *node // of the property
	holds  func(value []byte) bool
	tested bool // the element that is being read has the property
}

// resolve finds the properties of conditions.
func (w *writer) resolve(conditions []Condition) error {
	for _, c := range conditions {
		i := -1
		if w.elem != nil {
			i = w.elem.indexOf(c.Property)
		}
		if (i < 0) || (w.elem.fields[i].node.kind <= array) {
			return fmt.Errorf("mapping: a condition on %s, which is no scalar property of a collection", c.Property)
		}
		w.where = append(w.where, condition{node: w.elem.fields[i].node, holds: c.Holds})
	}
	return nil
}

// begin begins an element of an array.
func (w *writer) begin(elem *node) {
	if elem != w.elem {
		return
	}
	w.unmet = false
	for k := range w.where {
		w.where[k].tested = false
	}
}

// test tests the conditions on a property whose value in dst begins at an offset. It reports whether
// there are any.
func (w *writer) test(n *node, from int) (tested bool) {
	for k := range w.where {
		if c := &w.where[k]; c.node == n {
			c.tested, tested = true, true
			w.unmet = w.unmet || !c.holds(w.dst[from:])
		}
	}
	return tested
}

// meets reports whether the element of an array that was just read meets every condition.
func (w *writer) meets(elem *node) bool {
	if elem != w.elem {
		return true
	}
	for _, c := range w.where {
		w.unmet = w.unmet || (!c.tested && !c.holds(nil))
	}
	return !w.unmet
}
