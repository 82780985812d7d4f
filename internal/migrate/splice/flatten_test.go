package splice_test

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/partner-center/connector/internal/migrate/splice"
)

// A leaf is a value with all that identifies it, so that trees compare as lists of leaves.
type leaf struct {
	Place string // path and kind
	Text  string
}

// flattenJSON returns the leaves of a tree and the values they come from.
func flattenJSON(root *splice.Value) ([]leaf, []*splice.Value) {
	var leaves []leaf
	var values []*splice.Value
	root.Walk(func(pointer string, v *splice.Value) bool {
		leaves = append(leaves, leaf{fmt.Sprintf("%q %d", pointer, v.Kind), v.Text})
		values = append(values, v)
		return true
	})
	return leaves, values
}

// flattenXML returns leaves for the text and the attributes of each element, and the elements.
func flattenXML(root *splice.Element) ([]leaf, []*splice.Element) {
	var leaves []leaf
	var elements []*splice.Element
	index := map[*splice.Element]int{}
	root.Walk(func(e *splice.Element) bool {
		index[e] = len(elements)
		place := fmt.Sprintf("%d of %d %s", index[e], index[e.Parent], e.Name)
		leaves = append(leaves, leaf{place, e.Text})
		for _, a := range e.Attrs {
			leaves = append(leaves, leaf{place + " " + a.Name, a.Value})
		}
		elements = append(elements, e)
		return true
	})
	return leaves, elements
}

// flattenYAML returns the leaves of all documents, keys included, and the nodes they come from.
func flattenYAML(d *splice.YAML) ([]leaf, []*yaml.Node) {
	var leaves []leaf
	var nodes []*yaml.Node
	var add func(path string, n *yaml.Node)
	add = func(path string, n *yaml.Node) {
		place := fmt.Sprintf("%s %d %d &%s", path, n.Kind, n.Style, n.Anchor)
		leaves = append(leaves, leaf{place, n.Value})
		nodes = append(nodes, n)
		for i, child := range n.Content {
			add(fmt.Sprintf("%s/%d", path, i), child)
		}
	}
	for i, root := range d.Documents {
		add(fmt.Sprint(i), root)
	}
	return leaves, nodes
}
