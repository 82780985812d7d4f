package splice

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// A YAML is a parsed YAML stream and its edits.
type YAML struct {
	// Documents are the content roots of the documents, not nodes of kind [yaml.DocumentNode].
	Documents []*yaml.Node

	edits edits
	lines []int // offset at which each line starts
}

// ParseYAML parses a stream of YAML documents in UTF-8, which a byte order mark may precede. Aliases
// are not expanded, and duplicate keys are not checked. The stream refers to src, which must not be
// modified.
func ParseYAML(src []byte) (*YAML, error) {
	if len(src) > MaxYAML {
		return nil, errors.New("YAML source is too large")
	}
	if err := checkUTF8(src); err != nil {
		return nil, err
	}
	documents, err := decodeYAML(src)
	if err != nil {
		return nil, err
	}
	return &YAML{Documents: documents, edits: edits{src: src}, lines: yamlLines(src)}, nil
}

// decodeYAML returns the content roots of the documents in src, within the limits. The decoder panics on some invalid
// input, and its messages quote the source.
func decodeYAML(src []byte) (documents []*yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			documents, err = nil, errors.New("invalid YAML")
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var check yamlCheck
	for {
		var document yaml.Node
		err := dec.Decode(&document)
		if err == io.EOF {
			return documents, nil
		}
		if err != nil {
			return nil, yamlError(err)
		}
		for _, root := range document.Content {
			if err := check.check(root, 1, 0); err != nil {
				return nil, err
			}
			documents = append(documents, root)
		}
	}
}

var yamlErrorLine = regexp.MustCompile(`^yaml: (line \d+: )`)

// yamlError keeps only the line of a decoder's error.
func yamlError(err error) error {
	line := ""
	if match := yamlErrorLine.FindStringSubmatch(err.Error()); match != nil {
		line = match[1]
	}
	return errors.New(line + "invalid YAML")
}

// A yamlCheck counts the values of a stream.
type yamlCheck struct{ count int }

// check checks the limits of n, below names of so many bytes, and of the nodes within it.
func (c *yamlCheck) check(n *yaml.Node, depth, names int) error {
	c.count++
	collection := (n.Kind == yaml.MappingNode) || (n.Kind == yaml.SequenceNode)
	switch {
	case c.count > MaxValues:
		return fmt.Errorf("line %d: too many values", n.Line)
	case collection && (depth > MaxDepth):
		return fmt.Errorf("line %d: values are nested too deeply", n.Line)
	case names > MaxNames:
		return fmt.Errorf("line %d: names are too long", n.Line)
	}
	for i, child := range n.Content {
		below := names
		if (n.Kind == yaml.MappingNode) && (i%2 == 1) {
			below += len(keyName(n.Content[i-1]))
		}
		if err := c.check(child, depth+1, below); err != nil {
			return err
		}
	}
	return nil
}

// WalkYAML calls visit for root and the values within it, in source order. Pointers are RFC 6901
// pointers relative to root. The key is the mapping key of the value and "" for root and in
// sequences; a key that is a collection counts as "". Keys are not visited, and aliases are visited
// but not followed. Values within a value are skipped if visit returns false for it.
func WalkYAML(root *yaml.Node, visit func(pointer, key string, n *yaml.Node) (descend bool)) {
	if root != nil {
		walkYAML(yamlPlace{node: root}, visit)
	}
}

// A yamlPlace is a node with its pointer and key.
type yamlPlace struct {
	pointer, key string
	node         *yaml.Node
}

func walkYAML(at yamlPlace, visit func(pointer, key string, n *yaml.Node) bool) {
	if !visit(at.pointer, at.key, at.node) {
		return
	}
	content := at.node.Content
	switch at.node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(content); i += 2 {
			key := keyName(content[i])
			walkYAML(yamlPlace{at.pointer + Pointer(key), key, content[i+1]}, visit)
		}
	case yaml.SequenceNode:
		for i, n := range content {
			walkYAML(yamlPlace{pointerIndex(at.pointer, i), "", n}, visit)
		}
	}
}

// keyName returns the text of a mapping key, which may be an alias.
func keyName(key *yaml.Node) string {
	if key.Kind == yaml.AliasNode {
		key = key.Alias
	}
	return key.Value
}
