package migrate

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/partner-center/connector/internal/migrate/expression"
	"github.com/partner-center/connector/internal/migrate/report"
)

var (
	bicepID   = regexp.MustCompile(`(?m)^[ \t]*id:[ \t]*(\S[^\r\n]*?)[ \t]*\r?$`)
	bicepName = regexp.MustCompile(`(?m)^[ \t]*(param|var)[ \t]+(\w+)[^=\r\n]*=[ \t]*(\S[^\r\n]*?)[ \t]*\r?$`)
	bicepPart = regexp.MustCompile(`\$\{[^}]*\}`)
	bicepWord = regexp.MustCompile(`^\w+$`)
	bicepFlow = regexp.MustCompile(`(?m)^[ \t]*definition:[ \t]*\{`)
)

// editBicep edits a Bicep file: each id of one line that names the old connector. A definition that is
// written in Bicep is not read.
func (e *editor) editBicep() {
	source := e.document.bicep
	assigned := map[string]string{}
	for _, m := range bicepName.FindAllSubmatch(source, -1) {
		assigned[string(m[2])] = string(m[3])
	}
	known := func(_, name string) (string, bool) {
		text, ok := assigned[name]
		return bicepText(text, unknown), ok
	}
	var out []byte
	last := 0
	for _, at := range bicepID.FindAllSubmatchIndex(source, -1) {
		text := string(source[at[2]:at[3]])
		place := fmt.Sprintf("line %d", 1+bytes.Count(source[:at[2]], []byte("\n")))
		switch {
		case e.From.isResource(bicepText(text, unknown)) && !e.hasCustom():
			e.leave(place)
		case e.From.isResource(bicepText(text, unknown)):
			out = append(append(out, source[last:at[2]]...), "'"+e.To.custom+"'"...)
			last = at[3]
			e.record(place, text, "'"+e.To.custom+"'")
			e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: place, Text: newCredentials})
		case e.From.isResource(bicepText(text, known)):
			e.addIndirect(place)
		}
	}
	if last > 0 {
		e.document.edited = append(out, source[last:]...)
	}
	if at := bicepFlow.FindIndex(source); at != nil {
		e.add(report.Finding{Code: report.NotFollowed, Level: report.Note,
			At: fmt.Sprintf("line %d", 1+bytes.Count(source[:at[0]], []byte("\n"))),
			Text: "a definition in Bicep is not read: build the template with az bicep build and migrate the JSON to " +
				"see what its expressions read"})
	}
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
			if value, ok := known("variables", part[2:len(part)-1]); ok {
				return value
			}
			return placeholder
		})
	}
	named := bicepBare.ReplaceAllString(text, "${1}null$3")
	parsed, err := expression.Parse("@" + named)
	if (err != nil) || (parsed.Whole() == nil) {
		return placeholder
	}
	return textOf(parsed.Whole(), known)
}

// bicepBare matches a bare name as an argument, which expressions of templates do not have.
var bicepBare = regexp.MustCompile(`([(,][ \t]*)([A-Za-z_]\w*)([ \t]*[,)])`)
