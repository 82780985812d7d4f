package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteText writes reports for the person who signs a migration off. Each has a summary, then a section
// for each flow that uses the connector and for each other file with something to say, and the next
// steps. Control characters in names are escaped. An error is that of w.
func WriteText(w io.Writer, reports []*Report) error {
	out := &text{bufio.NewWriter(w)}
	for i, r := range reports {
		if i > 0 {
			out.line("")
		}
		r.writeText(out)
	}
	return out.Flush()
}

// A text is text for a terminal.
type text struct{ *bufio.Writer }

// line adds a line. An error is that of Flush.
func (t *text) line(format string, values ...any) {
	t.WriteString(escape(fmt.Sprintf(format, values...)))
	t.WriteByte('\n')
}

func (r *Report) writeText(out *text) {
	out.line("%s: %s", r.Input, r.Kind.Words())
	out.line("%s", r.summary())
	for _, s := range r.sections() {
		if !s.isEmpty() {
			s.write(out, r.verbs())
		}
	}
	if left := r.leftAlone(); len(left) > 0 {
		out.line("")
		out.line("Left alone: %s", strings.Join(left, ", "))
	}
	out.line("")
	out.line("Next")
	for i, step := range r.Next {
		out.line("%3d. %s", i+1, step)
	}
}

// Words returns the name of a kind for people.
func (k Kind) Words() string {
	switch k {
	case SolutionSource:
		return "unpacked solution"
	case LogicAppsTemplate:
		return "template with Logic Apps"
	case LogicAppsCodeView:
		return "code of a Logic App"
	case LogicAppsStandard:
		return "Logic Apps project (Standard)"
	case Agent:
		return "workspace of an agent"
	case Unknown:
		return "not an export that can be read"
	}
	return strings.ReplaceAll(string(k), "-", " ")
}

// summary counts what is in the report.
func (r *Report) summary() string {
	parts := []string{count(len(r.Actions), "action"), count(len(r.Edits), "edit")}
	if len(r.Flows) > 0 {
		using := len(r.Flows) - len(r.unusedFlows())
		flows := fmt.Sprintf("%d of %s use the connector", using, count(len(r.Flows), "flow"))
		parts = append([]string{flows}, parts...)
	}
	for _, l := range Levels() {
		if n := len(ofLevel(r.Findings, l)); n > 0 {
			parts = append(parts, count(n, l.noun()))
		}
	}
	return strings.Join(parts, ", ")
}

// unusedFlows returns the names of flows without an action that calls the connector.
func (r *Report) unusedFlows() (names []string) {
	for _, s := range r.sections()[:len(r.Flows)] {
		if len(s.actions) == 0 {
			names = append(names, s.flow)
		}
	}
	return names
}

// leftAlone returns the flows and connectors that a migration has nothing to do with.
func (r *Report) leftAlone() []string {
	var left []string
	for _, name := range r.unusedFlows() {
		left = append(left, "flow "+name)
	}
	return append(left, r.Others...)
}

// ofLevel returns the findings of a level.
func ofLevel(findings []Finding, l Level) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Level != l })
}

// noun returns the word for one finding of the level.
func (l Level) noun() string {
	if l == Manual {
		return "change by hand"
	}
	return string(l)
}

// count returns a number with a noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	first, rest, _ := strings.Cut(noun, " ")
	return strings.TrimSpace(fmt.Sprintf("%d %ss %s", n, first, rest))
}

// A section is what there is to say about a flow or about a file.
type section struct {
	title    string
	flow     string // its name, of a flow
	actions  []Action
	findings []Finding
	edits    []Edit
}

func (s *section) isEmpty() bool { return len(s.actions)+len(s.findings)+len(s.edits) == 0 }

// sections returns the sections of a report: those of flows, then those of other files. What is in a file
// of a flow but in no definition belongs to the first flow of the file.
func (r *Report) sections() []*section {
	var all []*section
	flows := map[string]*section{} // by file and place; those of a file alone: its first
	for _, f := range r.Flows {
		s := &section{title: fmt.Sprintf("Flow %s, in %s", f.Name, f.File), flow: f.Name}
		all = append(all, s)
		flows[f.File+"\x00"+f.At] = s
		if flows[f.File] == nil {
			flows[f.File] = s
		}
	}
	files := map[string]*section{}
	find := func(file, at string) *section {
		for end := len(at); end >= 0; end = strings.LastIndexByte(at[:end], '/') {
			if s := flows[file+"\x00"+at[:end]]; s != nil {
				return s
			}
		}
		if s := flows[file]; s != nil {
			return s
		}
		if files[file] == nil {
			files[file] = &section{title: file}
			all = append(all, files[file])
		}
		return files[file]
	}
	for _, a := range r.Actions {
		s := find(a.File, a.At)
		s.actions = append(s.actions, a)
	}
	for _, f := range r.Findings {
		s := find(f.File, f.At)
		s.findings = append(s.findings, f)
	}
	for _, e := range r.Edits {
		s := find(e.File, e.At)
		s.edits = append(s.edits, e)
	}
	return all
}

// verbs are the words for edits.
type verbs struct{ adds, removes, replaces string }

func (r *Report) verbs() verbs {
	if r.Written {
		return verbs{"added", "removed", "replaced"}
	}
	return verbs{"adds", "removes", "replaces"}
}

func (s *section) write(out *text, verbs verbs) {
	out.line("")
	out.line("%s", s.title)
	for _, a := range s.actions {
		out.line("  action %s", a)
	}
	for _, l := range Levels() {
		for _, f := range ofLevel(s.findings, l) {
			out.line("  %s %s: %s", l, f.Code, f.Text)
			if f.At != "" {
				out.line("    at %s", f.At)
			}
		}
	}
	for _, same := range s.replacements() {
		was, now := same[0].Was, same[0].Now
		switch {
		case was == nil:
			out.line("  %s %s", verbs.adds, shown(now))
		case now == nil:
			out.line("  %s %s", verbs.removes, shown(was))
		default:
			out.line("  %s %s", verbs.replaces, shown(was))
			out.line("    by %s", shown(now))
		}
		for _, e := range same {
			out.line("    at %s", e.At)
		}
	}
}

// replacements returns the edits of a section in groups with the same values.
func (s *section) replacements() [][]Edit {
	type values struct{ was, now any }
	var groups [][]Edit
	index := map[values]int{}
	for _, e := range s.edits {
		v := values{e.Was, e.Now}
		i, ok := index[v]
		if !ok {
			i = len(groups)
			index[v] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], e)
	}
	return groups
}

// String returns the action with its enclosing actions, operation and connection.
func (a Action) String() string {
	name := a.At
	if a.Name != nil {
		name = strings.Join(append(slices.Clone(a.Scope), *a.Name), " > ")
	}
	out := name + ": " + a.Operation
	if a.By != ByOperationID {
		out += " by " + string(a.By)
	}
	if a.Key != nil {
		out += ", connection " + *a.Key
	}
	if !a.Known {
		out += ", which the connector does not have"
	}
	return out
}

// shown returns a value of an edit.
func shown(v any) string {
	if v == "" {
		return "nothing"
	}
	return fmt.Sprint(v)
}
