package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file")

func pointer(s string) *string { return &s }

// everything is a report with something of every kind.
func everything() *Report {
	return &Report{
		Input: "flows.zip", Kind: Solution, Written: true, Changed: []string{"Workflows/a.json", "customizations.xml"},
		Flows: []Flow{
			{File: "Workflows/a.json", At: "/properties/definition", Name: "Orders of Contoso"},
			{File: "template.json", At: "/resources/1/properties/definition", Name: "First"},
			{File: "template.json", At: "/resources/10/properties/definition", Name: "Second"},
			{File: "Workflows/quiet.json", At: "/properties/definition", Name: "Without anything"},
		},
		Actions: []Action{
			{File: "Workflows/a.json", Name: pointer("List_customers"),
				At: "/properties/definition/actions/List_customers", By: ByOperationID, Operation: "GetAllCustomers",
				Scope: []string{"Try", "For each"}, Key: pointer("shared_k"), Known: true},
			{File: "Workflows/a.json", Name: pointer("Usage"), At: "/properties/definition/actions/Usage", By: ByPath,
				Operation: "/v1/customers/{…}/usage", Scope: []string{}},
			{File: "template.json", Name: pointer("Invoices"), By: ByPath, Operation: "GetInvoices", Known: true,
				At: "/resources/10/properties/definition/actions/Invoices", Scope: []string{}},
			{File: "App.msapp", At: "Src/Home.pa.yaml line 5", By: ByFormula, Operation: "GetAllCustomers",
				Key: pointer("MicrosoftPartnerCenter"), Scope: []string{}, Known: true},
		},
		Findings: []Finding{
			{Code: MentionLeft, Level: Note, File: "Workflows/a.json",
				At: "/properties/definition/actions/A", Text: "a note"},
			{Code: "InvalidSize", Level: Warning, File: "Workflows/a.json", At: "/properties/definition/actions/B",
				Text: "a warning"},
			{Code: UnknownPath, Level: Error, File: "Workflows/a.json", At: "/properties/definition", Text: "an error"},
			{Code: InvokerConnection, Level: Manual, File: "Workflows/a.json",
				At: "/properties/connectionReferences/a/source", Text: "outside of the definition"},
			{Code: CanvasAppByHand, Level: Manual, File: "App.msapp", Text: "by hand"},
			{Code: NewConnection, Level: Manual, File: "template.json", At: "/resources/1", Text: "of no flow"},
			{Code: NotFollowed, Level: Note, File: "template.json", At: "/resources/10/properties/definition",
				Text: "a note on the second flow"},
			{Code: UndocumentedField, Level: Warning, File: "template.json", Field: "items[].x",
				At: "/resources/1/properties/definition/actions/A/inputs", Text: "A reads items[].x"},
		},
		Edits: []Edit{
			{File: "Workflows/a.json", At: "/a", Was: "old", Now: "new"},
			{File: "Workflows/a.json", At: "/b", Was: nil, Now: "added"},
			{File: "Workflows/a.json", At: "/c", Was: "removed one", Now: nil},
			{File: "customizations.xml", At: "//x", Was: false, Now: true},
			{File: "customizations.xml", At: "//y", Was: "full", Now: ""},
		},
		Others: []string{"shared_office365", "shared_sql"},
		Next:   []string{"Do one thing.", "Do another."},
	}
}

// TestText compares the text of reports with a file that was read by a person. With -update it writes the
// file.
func TestText(t *testing.T) {
	second := &Report{Input: "empty", Kind: Unknown, Next: []string{"Nothing."},
		Edits: []Edit{{File: "f", At: "/a", Was: "x", Now: "y"}}}
	var got bytes.Buffer
	if err := WriteText(&got, []*Report{everything(), second}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "everything.txt")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestControlCharacters checks that names from an export cannot move the cursor, color the text, hide or
// reverse it, or begin a line.
func TestControlCharacters(t *testing.T) {
	for _, c := range []string{
		"\x1b[31m", "\x1b]0;title\x07", "\r", "\n", "\t", "\x00", "\x7f", "\u0085", "\u009b2J", "\u200b", "\u200e",
		"\u202e", "\u2028", "\u2029", "\u2066", "\ufeff", "\U000e0041",
	} {
		r := &Report{
			Input: "i" + c, Kind: Kind("k" + c),
			Flows: []Flow{{File: "f" + c, At: "/d", Name: "n" + c}},
			Actions: []Action{{File: "f" + c, Name: pointer("a" + c), At: "/d/x" + c, Operation: "o" + c,
				Scope: []string{"s" + c}, Key: pointer("k" + c)}},
			Findings: []Finding{{Code: Code("c" + c), Level: Note, File: "g" + c, At: "/" + c, Text: "t" + c,
				Field: c}},
			Edits:  []Edit{{File: "h" + c, At: "/" + c, Was: "w" + c, Now: "n" + c}},
			Others: []string{"o" + c}, Next: []string{"n" + c},
		}
		var plain, escaped bytes.Buffer
		if err := WriteText(&escaped, []*Report{r}); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var harmless Report
		inner := strings.Trim(string(encoded), `"`)
		if err := json.Unmarshal(bytes.ReplaceAll(text, []byte(inner), []byte("x")), &harmless); err != nil {
			t.Fatal(err)
		}
		if err := WriteText(&plain, []*Report{&harmless}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ReplaceAll(escaped.String(), "\n", ""), c) ||
			strings.Count(escaped.String(), "\n") != strings.Count(plain.String(), "\n") {
			t.Errorf("%q is in the text:\n%q", c, escaped.String())
		}
		if !strings.Contains(escaped.String(), `\u`) {
			t.Errorf("%q is not visible: %q", c, escaped.String())
		}
		var asJSON bytes.Buffer
		if err := WriteJSON(&asJSON, []*Report{r}); err != nil {
			t.Fatal(err)
		}
		var decoded Report
		if err := json.Unmarshal(asJSON.Bytes(), &decoded); err != nil {
			t.Fatalf("%q: %v", c, err)
		}
		inLines := strings.ReplaceAll(asJSON.String(), "\n", "")
		if strings.Contains(inLines, c) || ((c < "\U00010000") && (decoded.Input != r.Input)) ||
			((c >= "\U00010000") && (decoded.Input != "i\ufffd")) {
			t.Errorf("%q in JSON: %s", c, asJSON.String())
		}
	}
	var out bytes.Buffer
	if err := WriteText(&out, []*Report{{Input: "Größe – 客户 😀", Kind: Agent}}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "Größe – 客户 😀: workspace of an agent\n") {
		t.Error(out.String())
	}
}

// A brokenWriter is a full disk or a closed pipe.
type brokenWriter struct{}

var errBroken = errors.New("no space left on device")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteError(t *testing.T) {
	for _, write := range []func(io.Writer, []*Report) error{WriteText, WriteJSON} {
		if err := write(brokenWriter{}, []*Report{everything()}); !errors.Is(err, errBroken) {
			t.Error(err)
		}
	}
}

// TestKinds checks that every kind has words of its own.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range []Kind{LegacyPackage, Solution, SolutionSource, DeploymentSettings, LogicAppsTemplate,
		LogicAppsCodeView, LogicAppsStandard, Agent, CanvasApp, CodeApp, Unknown} {
		words := k.Words()
		if seen[words] || strings.Contains(words, "-") || (words == "") {
			t.Errorf("%s: %q", k, words)
		}
		seen[words] = true
	}
}

func TestAdd(t *testing.T) {
	var r Report
	a, b := Finding{Code: NotFollowed, Level: Note, At: "/a"}, Finding{Code: NotFollowed, Level: Note, At: "/b"}
	for _, f := range []Finding{a, b, a, b} {
		r.Add(f)
	}
	if diff := cmp.Diff([]Finding{a, b}, r.Findings); diff != "" {
		t.Error(diff)
	}
	if !r.Has(Note) || r.Has(Error) || r.Has(Warning) || r.Has(Manual) {
		t.Error(r.Findings)
	}
}

func TestSort(t *testing.T) {
	r := &Report{
		Changed: []string{"b", "a"}, Others: []string{"y", "x", "y"},
		Flows:    []Flow{{File: "a"}, {File: "z", Name: "1"}, {File: "z", Name: "2"}},
		Actions:  []Action{{File: "a"}, {File: "z", At: "1"}, {File: "z", At: "2"}},
		Edits:    []Edit{{File: "a"}, {File: "z", At: "1"}, {File: "z", At: "2"}},
		Findings: []Finding{{File: "a"}, {File: "z", At: "1"}, {File: "z", At: "2"}},
	}
	r.Sort(map[string]int{"z": 0, "a": 1})
	want := &Report{
		Changed: []string{"a", "b"}, Others: []string{"x", "y"},
		Flows:    []Flow{{File: "z", Name: "1"}, {File: "z", Name: "2"}, {File: "a"}},
		Actions:  []Action{{File: "z", At: "1"}, {File: "z", At: "2"}, {File: "a"}},
		Edits:    []Edit{{File: "z", At: "1"}, {File: "z", At: "2"}, {File: "a"}},
		Findings: []Finding{{File: "z", At: "1"}, {File: "z", At: "2"}, {File: "a"}},
	}
	if diff := cmp.Diff(want, r, cmp.AllowUnexported(Report{})); diff != "" {
		t.Error(diff)
	}
}
