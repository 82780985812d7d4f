package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	dashboardFile  = "../../docs/grafana-dashboard.json"
	alertsFile     = "../../docs/alerts.yaml"
	alertCasesFile = "testdata/alerts.yaml"
)

// dashboard is what Grafana imports, as far as it is looked at here.
type dashboard struct {
	ID            *int
	UID, Title    string
	SchemaVersion int
	Templating    struct{ List []variable }
	Panels        []panel
}

type variable struct{ Name, Type, Query string }

type panel struct {
	ID          int
	Type, Title string
	Datasource  dataSource
	GridPos     struct{ H, W, X, Y int }
	FieldConfig struct{ Defaults struct{ Unit string } }
	Targets     []struct {
		Datasource                dataSource
		Expr, LegendFormat, RefID string
	}
}

type dataSource struct{ Type, UID string }

// alertRules is what Prometheus reads.
type alertRules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For string
			Labels           struct{ Severity string }
			Annotations      struct{ Summary, Description string }
		}
	}
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func readAlerts(t *testing.T) alertRules {
	t.Helper()
	text, err := os.ReadFile(alertsFile)
	if err != nil {
		t.Fatal(err)
	}
	var r alertRules
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDashboard holds the dashboard to what Grafana wants of one, and its expressions to the metrics that are served.
func TestDashboard(t *testing.T) {
	t.Parallel()
	s := newStack(t, withMetrics)
	labels := s.scrape(t).labels()
	d := readDashboard(t)
	if d.ID != nil || d.UID == "" || len(d.UID) > 40 || d.Title == "" || d.SchemaVersion < 39 || len(d.Panels) < 15 {
		t.Errorf("id %v, uid %q, title %q, schema %d, %d panels", d.ID, d.UID, d.Title, d.SchemaVersion, len(d.Panels))
	}
	if list := d.Templating.List; len(list) != 1 || list[0] != (variable{"datasource", "datasource", "prometheus"}) {
		t.Errorf("variables: %+v", list)
	}
	var shown []string
	for i, p := range d.Panels {
		if p.ID < 1 || p.Title == "" || p.Type != "timeseries" && p.Type != "stat" || p.Datasource != (dataSource{"prometheus", "${datasource}"}) || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d: %+v", i, p)
		}
		if g := p.GridPos; g.W < 1 || g.H < 1 || g.X < 0 || g.Y < 0 || g.X+g.W > 24 {
			t.Errorf("%s: at %+v", p.Title, g)
		}
		for _, other := range d.Panels[:i] {
			a, b := p.GridPos, other.GridPos
			if p.ID == other.ID || p.Title == other.Title || a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("%s and %s have the same id, title or place", p.Title, other.Title)
			}
		}
		for j, target := range p.Targets {
			if target.RefID != string(rune('A'+j)) || target.Datasource != p.Datasource {
				t.Errorf("%s: target %+v", p.Title, target)
			}
			e := parseExpression(t, target.Expr, labels)
			shown = append(shown, e.metrics...)
			for _, l := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(target.LegendFormat, -1) {
				if !slices.Contains(e.by, l[1]) {
					t.Errorf("%s: the legend has %s, the expression groups by %q", p.Title, l[1], e.by)
				}
			}
		}
	}
	for name := range labels {
		if strings.HasPrefix(name, "connector_") && !strings.HasSuffix(name, "_sum") && !strings.HasSuffix(name, "_count") && !slices.Contains(shown, name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// TestAlerts holds the rules to having all that a rule should have, and their expressions to the metrics that are served.
func TestAlerts(t *testing.T) {
	t.Parallel()
	s := newStack(t, withMetrics)
	labels := s.scrape(t).labels()
	labels["up"] = []string{"instance", "job"}
	cases, err := os.ReadFile(alertCasesFile)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range readAlerts(t).Groups {
		for _, r := range g.Rules {
			e := parseExpression(t, r.Expr, labels)
			if slices.Contains(names, r.Alert) || !slices.Contains([]string{"critical", "warning"}, r.Labels.Severity) || len(r.Annotations.Summary) < 20 || len(r.Annotations.Description) < 100 {
				t.Errorf("%s lacks something, or is there twice: %+v", r.Alert, r)
			}
			names = append(names, r.Alert)
			for _, l := range regexp.MustCompile(`\$labels\.(\w+)`).FindAllStringSubmatch(r.Annotations.Summary+r.Annotations.Description, -1) {
				if len(e.by) > 0 && !slices.Contains(e.by, l[1]) {
					t.Errorf("%s tells the label %s and groups by %q", r.Alert, l[1], e.by)
				}
			}
			if !strings.Contains(string(cases), `alertname="`+r.Alert+`"`) {
				t.Errorf("no case of %s has %s fire", alertCasesFile, r.Alert)
			}
		}
	}
	if len(names) < 8 {
		t.Errorf("alerts: %q", names)
	}
}

// labels are those of each metric, by its name.
func (s scrape) labels() map[string][]string {
	all := map[string][]string{}
	for series := range s {
		name, _, _ := strings.Cut(series, "{")
		var names []string
		for _, l := range label.FindAllStringSubmatch(series, -1) {
			names = append(names, l[1])
		}
		all[name] = names
	}
	return all
}

// expression is what one of PromQL is made of.
type expression struct {
	metrics []string
	by      []string // labels
}

var (
	quoted      = regexp.MustCompile(`"[^"]*"`)
	grouping    = regexp.MustCompile(`\bby\s*\(([^)]*)\)`)
	ranges      = regexp.MustCompile(`\[[^\]]*\]`)
	number      = regexp.MustCompile(`\b[0-9][0-9a-z.]*`)
	word        = regexp.MustCompile(`([A-Za-z_:][A-Za-z0-9_:]*)\s*(\(|\{[^}]*\})?`)
	matcherName = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
)

// parseExpression takes an expression of PromQL apart, as far as the files here use it, and fails the test for a metric
// that there is not, or a label that a metric does not have. Every series that is read has a job and an instance.
func parseExpression(t *testing.T, text string, labels map[string][]string) expression {
	t.Helper()
	var e expression
	has := func(metric, label string) bool {
		return slices.Contains(labels[metric], label) || label == "job" || label == "instance"
	}
	plain := quoted.ReplaceAllString(text, `""`)
	for _, g := range grouping.FindAllStringSubmatch(plain, -1) {
		for name := range strings.SplitSeq(g[1], ",") {
			e.by = append(e.by, strings.TrimSpace(name))
		}
	}
	plain = number.ReplaceAllString(ranges.ReplaceAllString(grouping.ReplaceAllString(plain, ""), ""), "")
	for _, w := range word.FindAllStringSubmatch(plain, -1) {
		switch {
		case w[2] == "(":
			if !slices.Contains([]string{"sum", "count", "rate", "increase", "histogram_quantile"}, w[1]) {
				t.Errorf("%s: what is %s?", text, w[1])
			}
			continue
		case w[1] == "unless", w[1] == "offset":
			continue
		}
		if _, ok := labels[w[1]]; !ok {
			t.Errorf("%s: there is no metric %s", text, w[1])
		}
		e.metrics = append(e.metrics, w[1])
		for _, m := range matcherName.FindAllStringSubmatch(w[2], -1) {
			if !has(w[1], m[1]) {
				t.Errorf("%s: %s has no label %s", text, w[1], m[1])
			}
		}
		for _, by := range e.by {
			if !has(w[1], by) {
				t.Errorf("%s: %s has no label %s to group by", text, w[1], by)
			}
		}
	}
	if len(e.metrics) == 0 {
		t.Errorf("%q has no metric", text)
	}
	return e
}

// TestPromtool asks Prometheus's own tool, where there is one.
func TestPromtool(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not in the PATH, so nobody but these tests has looked at the metrics, the rules and the dashboard")
	}
	s := newStack(t, withMetrics)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	promtool(t, s.metrics(t), "check", "metrics")
	promtool(t, nil, "check", "rules", alertsFile)
	promtool(t, nil, "test", "rules", alertCasesFile)

	var rules bytes.Buffer // the dashboard's expressions as rules, which is what promtool can check
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			fmt.Fprintf(&rules, "      - record: panel:%d:%s\n        expr: %q\n", p.ID, target.RefID, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
		}
	}
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, rules.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, nil, "check", "rules", path)
}

func promtool(t *testing.T, input []byte, arguments ...string) {
	t.Helper()
	command := exec.Command("promtool", arguments...)
	command.Stdin = bytes.NewReader(input)
	if out, err := command.CombinedOutput(); err != nil || bytes.Contains(out, []byte("lint")) {
		t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}
