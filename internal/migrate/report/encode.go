package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// WriteJSON writes a report as an object, or several as a list. Control characters in names are escaped.
// An error is that of w.
func WriteJSON(w io.Writer, reports []*Report) error {
	var value any = reports
	if len(reports) == 1 {
		value = reports[0]
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	for line := range strings.Lines(out.String()) {
		if _, err := io.WriteString(w, escape(strings.TrimSuffix(line, "\n"))+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// escape replaces characters that act on a terminal, such as escape sequences and marks that change the
// direction of text, by escapes as JSON has them.
func escape(s string) string {
	if strings.IndexFunc(s, acts) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		switch {
		case !acts(r):
			out.WriteRune(r)
		case r > 0xffff:
			out.WriteString("\\ufffd") // a tag, which no name needs
		default:
			fmt.Fprintf(&out, "\\u%04x", r)
		}
	}
	return out.String()
}

// acts reports whether a character is not just shown.
func acts(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}
