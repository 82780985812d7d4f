package migrate

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/report"
)

// TestFirstStep checks the first next step where there is nothing to write.
func TestFirstStep(t *testing.T) {
	t.Parallel()
	const action = `{"A": {"inputs": {"host": {"connection": {"name":
		"@parameters('$connections')['microsoftpartnercent']['connectionId']"}}, "method": "get", "path":
		"/v1/invoices"}}}`
	reference := func(id string) string { return flowWith(`"a": {"id": "`+id+`"}`, `"actions": {}`) }
	for name, test := range map[string]struct {
		to, content, want string
	}{
		"an ID that is left":     {"", reference(old), "but nothing in it can be replaced"},
		"a definition alone":     {newCustom, `{"actions": ` + action + `}`, "but does not name it"},
		"another connector":      {newShared, reference("shared_x"), "does not use the old"},
		"the new connector":      {newShared, reference(newShared), "uses the new"},
		"an error":               {newShared, flowOf("a", "GetNothing"), "Correct what the errors name"},
		"an app without the old": {newShared, `{"appDefinitionTemplate": {}}`, "does not use the old connector"},
	} {
		r, out := asFile.migrate(t, []file{{"a.json", test.content}}, newOptions(t, test.to))
		if (len(r.Next) != 1) || !strings.Contains(r.Next[0], test.want) || r.Written || isThere(out) {
			t.Errorf("%s: %q %+v", name, r.Next, r.Findings)
		}
	}
}

// TestStepsBesideError checks the next steps of inputs beside one that is not migrated.
func TestStepsBesideError(t *testing.T) {
	t.Parallel()
	run := func(strict bool, second []file) []*report.Report {
		folder := t.TempDir()
		o := newOptions(t, newShared)
		o.Strict, o.Out = strict, filepath.Join(folder, "out")
		reports, err := Run(t.Context(), []string{
			writeAs(t, folder, "a", small(t, "solution")), writeAs(t, folder, "b", second),
			writeAs(t, folder, "c", small(t, "nothing-to-do")),
		}, o)
		if err != nil {
			t.Fatal(err)
		}
		return reports
	}
	for name, test := range map[string]struct {
		strict bool
		want   string
	}{
		"unknown-operation": {false, "Correct what the errors name"},
		"argument-values":   {true, "because of --strict"},
	} {
		reports := run(test.strict, small(t, name))
		for _, i := range []int{0, 2} {
			if next := reports[i].Next; (len(next) != 1) || !strings.Contains(next[0], "because another input failed") {
				t.Errorf("%s: %s: %q", name, reports[i].Input, next)
			}
		}
		if next := reports[1].Next; (len(next) != 1) || !strings.Contains(next[0], test.want) {
			t.Errorf("%s: %q", name, next)
		}
	}
	if next := run(false, small(t, "argument-values"))[0].Next; strings.Contains(strings.Join(next, "\n"), "failed") {
		t.Error(next)
	}
}

// TestStepsOfKeptReferences checks that the steps for references that keep their names do not promise a
// question of the import, and that each is to be given a connection by hand.
func TestStepsOfKeptReferences(t *testing.T) {
	t.Parallel()
	const asks = "asks for a connection"
	for _, name := range []string{"solution", "solution-in-git", "solution-unpacked"} {
		for _, keep := range []bool{true, false} {
			o := newOptions(t, newShared)
			o.KeepReferences = keep
			r, _ := asFolder.migrate(t, small(t, name), o)
			next := strings.Join(r.Next, "\n")
			if !r.Written || (strings.Contains(next, asks) == keep) || (r.HasCode(report.NewConnection) != keep) ||
				(strings.Contains(next, "give each reference its old connection by hand") != keep) {
				t.Errorf("%s, %t: %s\n%+v", name, keep, next, r.Findings)
			}
			if at := slices.Index(r.Next, turnOn); at < 0 {
				t.Errorf("%s: the flows stay off: %s", name, next)
			}
		}
	}
	kept := newOptions(t, newShared)
	kept.KeepReferences = true
	single{"a.mcs.yml", "kind: GptComponentMetadata\nr:\n- connectionReferenceLogicalName: a\n  connectorid: OLD\n",
		[]string{"line 4: OLD → NEW", "! NewConnection line 3"}}.run(t, kept)
}

// TestStepsOfFindings checks the steps that findings add.
func TestStepsOfFindings(t *testing.T) {
	t.Parallel()
	for _, b := range byHand {
		r := newReport()
		if got := stepsByHand(r); len(got) > 0 {
			t.Error(got)
		}
		r.Add(report.Finding{Code: b.code})
		if got := stepsByHand(r); !slices.Equal(got, []string{b.step}) {
			t.Errorf("%s: %q", b.code, got)
		}
	}
	r, _ := asFolder.migrate(t, small(t, "solution-with-an-agent"), newOptions(t, newShared))
	if !slices.Contains(r.Next, testAgent) {
		t.Error(r.Next)
	}
	r, _ = asFolder.migrate(t, small(t, "agent"), newOptions(t, newShared))
	if count := strings.Count(strings.Join(r.Next, "\n"), testAgent); count != 1 {
		t.Errorf("%d times", count)
	}
	r, _ = asFolder.migrate(t, small(t, "solution"), newOptions(t, newShared))
	if slices.Contains(r.Next, testAgent) {
		t.Error(r.Next)
	}
	warned, _ := asFolder.migrate(t, small(t, "argument-values"), newOptions(t, newShared))
	if !strings.HasPrefix(warned.Next[0], "Read the warnings.") || strings.HasPrefix(r.Next[0], "Read the warnings.") {
		t.Errorf("%q %q", warned.Next, r.Next)
	}
}

// TestUndefinedReferences checks the step for references that no input defines.
func TestUndefinedReferences(t *testing.T) {
	t.Parallel()
	defines := func(r *report.Report) (names string) {
		for _, step := range r.Next {
			if rest, ok := strings.CutPrefix(step, "The export uses "); ok {
				names, _, _ = strings.Cut(rest, " but does not define it")
			}
		}
		return names
	}
	flows := []file{{"a.json", flowOf("A", "GetInvoices")}, {"b.json", flowOf("a", "GetInvoices")},
		{"c.json", flowOf("b", "GetInvoices")}}
	r, _ := asFolder.migrate(t, flows, newOptions(t, newShared))
	if got := defines(r); got != "A_pcc, b_pcc" {
		t.Errorf("%q in %q", got, r.Next)
	}
	flows = append(flows, file{"x.xml", "<x>" + referenceXML("a", "") + "</x>"})
	r, _ = asFolder.migrate(t, flows, newOptions(t, newShared))
	if got := defines(r); got != "b_pcc" {
		t.Errorf("%q in %q", got, r.Next)
	}
}
