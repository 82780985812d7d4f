package archive

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxName and maxDepth bound the work of comparing names. No system that unpacks a package
	// supports longer paths.
	maxName  = 4096
	maxDepth = 64
)

const reasonEmpty = "the name is empty"

// checkName returns why a name is refused, or "". It takes backslashes for separators, as Windows
// does. Windows also ignores dots and spaces at the end of a segment, so ".. " climbs as well.
func checkName(name string) string {
	switch {
	case name == "":
		return reasonEmpty
	case len(name) > maxName:
		return fmt.Sprintf("the name is longer than %d bytes", maxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return "the name has a control character"
	case strings.IndexAny(name, `/\`) == 0:
		return "the name is an absolute path"
	case hasDrive(name):
		return "the name begins with a drive letter"
	}
	return checkSegments(name)
}

func hasDrive(name string) bool {
	return (len(name) > 1) && (name[1] == ':') && (('a' <= name[0]|0x20) && (name[0]|0x20 <= 'z'))
}

func checkSegments(name string) string {
	all := segments(name)
	for _, segment := range all {
		if (strings.Count(segment, ".") > 1) && (strings.Trim(segment, ". ") == "") {
			return "the name leaves its folder with .."
		}
	}
	if len(all) > maxDepth {
		return fmt.Sprintf("the name has more than %d folders", maxDepth)
	}
	if pathKey(name) == "" {
		return reasonEmpty
	}
	return ""
}

func segments(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return (r == '/') || (r == '\\') })
}

// pathKey returns the same string for names that denote the same file on Windows or macOS, which
// ignore case and how accents are encoded. It is separated by slashes and has no empty segments.
func pathKey(name string) string {
	var kept []string
	for _, segment := range segments(name) {
		if segment = strings.TrimRight(segment, ". "); segment != "" {
			kept = append(kept, segment)
		}
	}
	return fold(norm.NFC.String(strings.Join(kept, "/")))
}

// fold replaces each letter with the first of those that differ only in case. Unlike
// strings.ToLower, it keeps bytes that are not UTF-8, which distinguish names in older encodings.
func fold(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if (r == utf8.RuneError) && (size == 1) {
			b.WriteByte(s[0])
		} else {
			b.WriteRune(firstOfCase(r))
		}
		s = s[size:]
	}
	return b.String()
}

func firstOfCase(r rune) rune {
	first := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		first = min(first, next)
	}
	return first
}

// A named entry is a file or a folder of a zip.
type named struct {
	name   string
	folder bool
}

// findCollisions reports names that denote the same file, and files that are folders of others.
func findCollisions(entries []named, found *findings) {
	keys := make([]string, len(entries))
	first := map[string]named{}
	for i, e := range entries {
		keys[i] = pathKey(e.name)
		if other, taken := first[keys[i]]; taken {
			found.add(e.name, "the name equals that of another entry: "+quote(other.name))
			continue
		}
		first[keys[i]] = e
	}
	for i, e := range entries {
		if file, ok := fileAbove(keys[i], first); ok {
			found.add(e.name, "the folder is also a file: "+quote(file))
		}
	}
}

// fileAbove returns the name of a file that is one of the folders of key.
func fileAbove(key string, first map[string]named) (string, bool) {
	for at := strings.LastIndexByte(key, '/'); at > 0; at = strings.LastIndexByte(key[:at], '/') {
		if e, ok := first[key[:at]]; ok && !e.folder {
			return e.name, true
		}
	}
	return "", false
}
