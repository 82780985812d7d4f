package splice

import (
	"strconv"
	"strings"
)

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// Pointer returns the RFC 6901 JSON pointer with the given tokens, such as "/a/b~1c". Without
// tokens it returns "", which points to the whole document.
func Pointer(tokens ...string) string {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteByte('/')
		b.WriteString(pointerEscaper.Replace(token))
	}
	return b.String()
}

// pointerIndex returns the pointer to an element of the array that parent points to.
func pointerIndex(parent string, index int) string { return parent + "/" + strconv.Itoa(index) }
