package gate

import (
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/fault"
)

// TestHostileArguments runs the rows of the hostile table that validation decides on Check
// directly. The table's format is described at its head; the tests of the served binary send all of
// its rows.
func TestHostileArguments(t *testing.T) {
	table, err := os.ReadFile("../e2e/testdata/hostile.tsv")
	if err != nil {
		t.Fatal(err)
	}
	g, ran := newChecker(t), 0
	for line := range strings.Lines(string(table)) {
		fields := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(fields) != 6 || fields[2] != "auth:key" {
			continue
		}
		want, _, _ := strings.Cut(strings.TrimPrefix(fields[5], "code="), " ")
		operation, arguments, ok := g.parse(t, fields[1])
		if !ok || !decidedByCheck(fault.Code(want), fields[3]) {
			continue
		}
		ran++
		t.Run(fields[0], func(t *testing.T) {
			checked, err := g.Check(operation, arguments)
			if got := string(code(err)); got != strings.TrimPrefix(want, "-") {
				t.Errorf("%s: got %q, want %q", fields[1], got, want)
			}
			for name := range checked {
				if checked.Get(name) == "" {
					t.Errorf("%s: %s is blank", fields[1], name)
				}
			}
		})
	}
	if ran < 100 {
		t.Errorf("only %d rows ran", ran)
	}
}

// decidedByCheck reports whether Check decides on a row with this code and status.
func decidedByCheck(code fault.Code, status string) bool {
	if status == "200" {
		return code == "-"
	}
	known := slices.Contains(fault.Codes(), code)
	switch code {
	case fault.UnknownParameter, fault.RepeatedParameter, fault.MutuallyExclusiveFilters:
		return true
	}
	return status == "400" && !known && code != "plain"
}

var (
	repeat = regexp.MustCompile(`\{REPEAT:(.*?):([0-9]+)\}`)
	macros = strings.NewReplacer("{G}", customer, "{GUP}", strings.ToUpper(customer))
)

// parse returns the operation and the arguments of a row's request, or false if it reaches no
// operation or cannot be parsed.
func (g *Gate) parse(t *testing.T, request string) (operation string, arguments url.Values, ok bool) {
	t.Helper()
	target, ok := strings.CutPrefix(macros.Replace(request), "GET ")
	if !ok {
		return "", nil, false
	}
	target = repeat.ReplaceAllStringFunc(target, func(macro string) string {
		parts := repeat.FindStringSubmatch(macro)
		n, err := strconv.Atoi(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		return strings.Repeat(parts[1], n)
	})
	target, err := strconv.Unquote(`"` + strings.ReplaceAll(target, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	path, query, _ := strings.Cut(target, "?")
	arguments, err = url.ParseQuery(query)
	if err != nil {
		return "", nil, false
	}
	for id, o := range g.config.Operations {
		if matches(o.Path, path, arguments) {
			return id, arguments, true
		}
	}
	return "", nil, false
}

// matches reports whether a path is an instance of a template, and adds its parameters to
// arguments.
func matches(template, path string, arguments url.Values) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	found := url.Values{}
	for i := range want {
		switch name, isParameter := strings.CutPrefix(want[i], "{"); {
		case isParameter && got[i] != "":
			found.Set(strings.TrimSuffix(name, "}"), got[i])
		case want[i] != got[i]:
			return false
		}
	}
	for name, value := range found {
		if arguments.Has(name) {
			return false // the edge rejects it
		}
		arguments[name] = value
	}
	return true
}
