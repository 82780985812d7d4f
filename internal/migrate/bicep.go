package migrate

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
	"github.com/partner-center/connector/internal/migrate/report"
)

var (
	bicepID   = regexp.MustCompile(`\bid:[ \t]*`)
	bicepAPI  = regexp.MustCompile(`\bapi:\s*\{\s*$`) // the id that follows is that of a connection's connector
	bicepName = regexp.MustCompile(`(?m)^[ \t]*(?:param|var)[ \t]+(\w+)[^=\r\n]*=[ \t]*`)
	bicepPart = regexp.MustCompile(`\$\{[^}]*\}`)
	bicepWord = regexp.MustCompile(`^[A-Za-z_]\w*$`)
	bicepFlow = regexp.MustCompile(`(?m)^[ \t]*definition:[ \t]*\{`)

	// bicepBare matches a bare name as an argument, which expressions of templates do not have.
	bicepBare = regexp.MustCompile(`([(,]\s*)([A-Za-z_]\w*)(\s*[,)])`)
)

// editBicep edits a Bicep file: each id that names the old connector. A definition that is written in
// Bicep is not read.
func (e *editor) editBicep() {
	source := withoutComments(e.document.bicep)
	assigned := map[string]string{}
	for _, m := range bicepName.FindAllSubmatchIndex(source, -1) {
		assigned[string(source[m[2]:m[3]])] = bicepExpression(source[m[1]:])
	}
	known := func(_, name string) (string, bool) {
		text, ok := assigned[name]
		return bicepText(text, unknown), ok
	}
	var out []byte
	last, lines := 0, lineCounter{source: source}
	for _, at := range bicepID.FindAllIndex(source, -1) {
		text := bicepExpression(source[at[1]:])
		place := lines.at(at[0])
		switch {
		case at[0] < last:
			continue
		case e.From.isResource(bicepText(text, unknown)) && e.hasCustom():
			now := "'" + e.To.custom + "'"
			out = append(append(out, e.document.bicep[last:at[1]]...), now...)
			last = at[1] + len(text)
			e.record(place, text, now)
		case e.From.isResource(bicepText(text, unknown)):
			e.leave(place)
			continue
		case e.From.isResource(bicepText(text, known)):
			e.addIndirect(place)
		default:
			e.otherResource(bicepText(text, known))
			continue
		}
		if bicepAPI.Match(source[max(0, at[0]-longestGap):at[0]]) {
			e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: place, Text: newCredentials})
		}
	}
	if last > 0 {
		e.document.edited = append(out, e.document.bicep[last:]...)
	}
	if at := bicepFlow.FindIndex(source); at != nil {
		e.add(report.Finding{Code: report.NotFollowed, Level: report.Note, At: (&lineCounter{source: source}).at(at[0]),
			Text: "a definition in Bicep is not read: build the template with az bicep build and migrate the JSON to " +
				"see what its expressions read"})
	}
}

// longestGap bounds what may stand between api: and id:.
const longestGap = 200

// A lineCounter finds the lines of offsets that grow.
type lineCounter struct {
	source []byte
	offset int
	line   int // of offset, from 0
}

// at returns the place of an offset.
func (c *lineCounter) at(offset int) string {
	c.line += bytes.Count(c.source[c.offset:offset], []byte("\n"))
	c.offset = offset
	return fmt.Sprintf("line %d", c.line+1)
}

// comments matches what Bicep does not evaluate, and strings, which can look like comments.
var comments = regexp.MustCompile(`(?s)'''.*?'''|'(?:[^'\\\r\n]|\\.)*'|//[^\r\n]*|/\*.*?\*/`)

// withoutComments returns a file with blanks in place of its comments, so that offsets stay.
func withoutComments(source []byte) []byte {
	return comments.ReplaceAllFunc(source, func(found []byte) []byte {
		if found[0] == '\'' {
			return found
		}
		blank := bytes.Repeat([]byte(" "), len(found))
		for i, c := range found {
			if (c == '\n') || (c == '\r') {
				blank[i] = c
			}
		}
		return blank
	})
}

// longestBicep bounds the expressions that are looked at.
const longestBicep = 1024

// bicepExpression returns the expression at the start of source: a string, a name, or a call up to its
// closing parenthesis. It returns "" for one that is too long or does not end.
func bicepExpression(source []byte) string {
	whole := len(source) <= longestBicep
	source = source[:min(len(source), longestBicep)]
	depth, quoted := 0, false
	for i, c := range source {
		switch {
		case quoted:
			quoted = (c != '\'') || (source[i-1] == '\\')
		case c == '\'':
			quoted = true
		case (c == '(') || (c == '['):
			depth++
		case ((c == ')') || (c == ']')) && (depth > 0):
			depth--
		case (depth == 0) && strings.ContainsRune(" \t\r\n,)]}", rune(c)):
			return string(source[:i])
		}
	}
	if whole && (depth == 0) && !quoted {
		return string(source)
	}
	return ""
}

// bicepText returns the text of an expression in Bicep. Parts that are not known are placeholders.
func bicepText(text string, known names) string {
	if bicepWord.MatchString(text) {
		if value, ok := known("variables", text); ok {
			return value
		}
		return placeholder
	}
	if n := len(text); (n > 1) && (text[0] == '\'') && (text[n-1] == '\'') {
		return bicepPart.ReplaceAllStringFunc(text[1:n-1], func(part string) string {
			return bicepText(part[2:len(part)-1], known)
		})
	}
	for range 2 { // a match takes the comma that the next one begins with
		text = bicepBare.ReplaceAllString(text, "${1}variables('$2')$3")
	}
	parsed, err := expression.Parse("@" + text)
	if (err != nil) || (parsed.Whole() == nil) {
		return placeholder
	}
	return textOf(parsed.Whole(), known)
}
