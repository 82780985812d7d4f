package migrate

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/migrate/report"
)

// An externalCase is an export with what a migration must make of it. Cases are in the file cases.json of a
// folder, beside folders ID/expected with the changed files and files ID/report.json.
type externalCase struct {
	ID    string
	Input string
	Args  map[string]string
	Exit  int
}

// An externalReport is the part of a report that is compared. Texts of findings are not.
type externalReport struct {
	Edits    []externalEdit    `json:"edits"`
	Actions  []externalAction  `json:"actions"`
	Findings []externalFinding `json:"findings"`
}

type externalEdit struct {
	File string `json:"file"`
	At   string `json:"at"`
	Was  any    `json:"was"`
	Now  any    `json:"now"`
}

type externalAction struct {
	File      string   `json:"file"`
	Action    *string  `json:"action"`
	At        string   `json:"at"`
	By        string   `json:"by"`
	Operation string   `json:"operation"`
	Scope     []string `json:"scope"`
	Key       *string  `json:"key"`
	Known     bool     `json:"known"`
}

type externalFinding struct {
	Code  string `json:"code"`
	Level string `json:"level"`
	File  string `json:"file"`
	At    string `json:"at"`
	Field string `json:"field"`
}

// sortAll sorts the lists of a report, which are compared as sets.
func (r *externalReport) sortAll(t *testing.T) {
	t.Helper()
	sortAsText(t, r.Edits)
	sortAsText(t, r.Actions)
	sortAsText(t, r.Findings)
}

func sortAsText[T any](t *testing.T, list []T) {
	t.Helper()
	text := func(v T) string {
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(text(a), text(b)) })
}

// TestExternalCases runs the cases in the folder that CONNECTOR_MIGRATION_CASES names.
func TestExternalCases(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("CONNECTOR_MIGRATION_CASES")
	if folder == "" {
		t.Skip("CONNECTOR_MIGRATION_CASES is not set to a folder with cases")
	}
	var index struct{ Cases []externalCase }
	if err := json.Unmarshal([]byte(readFile(t, filepath.Join(folder, "cases.json"))), &index); err != nil {
		t.Fatal(err)
	}
	for _, c := range index.Cases {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			if c.Input == "" {
				t.Skip("the case has no input")
			}
			c.run(t, folder)
		})
	}
}

func (c externalCase) options(t *testing.T) Options {
	t.Helper()
	o := newOptions(t, c.Args["to"])
	o.GUID, o.Name = c.Args["connector-guid"], c.Args["connector-name"]
	o.KeepReferences = c.Args["references"] == "keep"
	_, o.Strict = c.Args["strict"]
	if from := c.Args["from"]; from != "" {
		o.From = parseID(t, from)
	}
	o.Out = filepath.Join(t.TempDir(), "out")
	return o
}

// run runs the case in a folder of cases.
func (c externalCase) run(t *testing.T, folder string) {
	input := filepath.Join(folder, filepath.FromSlash(c.Input))
	o := c.options(t)
	reports, err := Run(t.Context(), []string{input}, o)
	if c.Exit == 2 {
		if !errors.Is(err, ErrOptions) || isThere(o.Out) {
			t.Errorf("%v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if failed := reports[0].Has(report.Error); failed != (c.Exit == 1) {
		t.Errorf("exit %d, and the findings are %+v", c.Exit, reports[0].Findings)
	}
	c.compareReport(t, folder, reports[0])
	if !reports[0].Written {
		return
	}
	want := map[string]string{}
	for _, f := range asFolder.read(t, input) {
		want[f.name] = f.content
	}
	if expected := filepath.Join(folder, c.ID, "expected"); isThere(expected) {
		for _, f := range asFolder.read(t, expected) {
			want[f.name] = f.content
		}
	}
	got := map[string]string{}
	for _, f := range asFolder.read(t, o.Out) {
		got[f.name] = f.content
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// compareReport compares a report with that of the case.
func (c externalCase) compareReport(t *testing.T, folder string, r *report.Report) {
	t.Helper()
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var want, got externalReport
	if err := json.Unmarshal([]byte(readFile(t, filepath.Join(folder, c.ID, "report.json"))), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &got); err != nil {
		t.Fatal(err)
	}
	want.sortAll(t)
	got.sortAll(t)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
