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

	"github.com/partner-center/connector/internal/e2e/tier"
	"go.yaml.in/yaml/v3"
)

const (
	dashboardFile  = "../../docs/grafana-dashboard.json"
	alertsFile     = "../../docs/alerts.yaml"
	alertCasesFile = "testdata/alerts.yaml"
)

// dashboard is the part of a Grafana dashboard that is checked.
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

// alertRules is a file of rules for Prometheus.
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

// TestDashboard checks that the dashboard can be imported, that its expressions use metrics and
// labels that the service has, and that it shows every metric of the service.
func TestDashboard(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	served := newStack(t, withMetrics).scrape(t).labels()
	d := readDashboard(t)
	if (d.ID != nil) || (d.UID == "") || (len(d.UID) > 40) || (d.Title == "") || (d.SchemaVersion < 39) ||
		(len(d.Panels) < 15) {
		t.Errorf("id %v, uid %q, title %q, schema %d, %d panels", d.ID, d.UID, d.Title, d.SchemaVersion, len(d.Panels))
	}
	if list := d.Templating.List; (len(list) != 1) || (list[0] != variable{"datasource", "datasource", "prometheus"}) {
		t.Errorf("variables: %+v", list)
	}
	shown := map[string]bool{}
	seen := map[string]bool{}
	for _, p := range d.Panels {
		p.check(t)
		if id := fmt.Sprint("id ", p.ID); seen[id] || seen[p.Title] {
			t.Errorf("%s: another panel has its ID or title", p.Title)
		}
		seen[fmt.Sprint("id ", p.ID)], seen[p.Title] = true, true
		for _, target := range p.Targets {
			for _, name := range checkExpression(t, target.Expr, served) {
				shown[name] = true
			}
			for _, l := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
				if !groupsBy(target.Expr, l[1]) {
					t.Errorf("%s: the legend has %s, but the expression does not group by it: %s", p.Title, l[1],
						target.Expr)
				}
			}
		}
	}
	for name := range served {
		part := strings.HasSuffix(name, "_sum") || strings.HasSuffix(name, "_count")
		if strings.HasPrefix(name, "connector_") && !part && !shown[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// check checks a panel alone.
func (p panel) check(t *testing.T) {
	t.Helper()
	source := dataSource{"prometheus", "${datasource}"}
	if (p.ID < 1) || (p.Title == "") || ((p.Type != "timeseries") && (p.Type != "stat")) || (p.Datasource != source) ||
		(p.FieldConfig.Defaults.Unit == "") || (len(p.Targets) == 0) {
		t.Errorf("panel %d: %+v", p.ID, p)
	}
	if g := p.GridPos; (g.W < 1) || (g.H < 1) || (g.X < 0) || (g.Y < 0) || (g.X+g.W > 24) {
		t.Errorf("%s: at %+v", p.Title, g)
	}
	for i, target := range p.Targets {
		if (target.RefID != string(rune('A'+i))) || (target.Datasource != source) {
			t.Errorf("%s: target %+v", p.Title, target)
		}
	}
}

// TestAlerts checks that every alert is complete and has a case, and that its expression uses
// metrics and labels that the service has.
func TestAlerts(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	served := newStack(t, withMetrics).scrape(t).labels()
	served["connector_certificate_expiry_timestamp_seconds"] = []string{"job", "instance"} // with a certificate only
	cases, err := os.ReadFile(alertCasesFile)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, g := range readAlerts(t).Groups {
		for _, r := range g.Rules {
			if seen[r.Alert] || !slices.Contains([]string{"critical", "warning"}, r.Labels.Severity) ||
				(r.Annotations.Summary == "") || (r.Annotations.Description == "") {
				t.Errorf("%s lacks something, or occurs twice: %+v", r.Alert, r)
			}
			seen[r.Alert] = true
			checkExpression(t, r.Expr, served)
			if !strings.Contains(string(cases), `alertname="`+r.Alert+`"`) {
				t.Errorf("no case of %s fires %s", alertCasesFile, r.Alert)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("%d alerts, want at least 8", len(seen))
	}
}

// labels returns the names of the labels of each metric.
func (s scrape) labels() map[string][]string {
	all := map[string][]string{}
	for series := range s {
		name, _, _ := strings.Cut(series, "{")
		names := []string{"job", "instance"} // which Prometheus adds
		for _, l := range label.FindAllStringSubmatch(series, -1) {
			names = append(names, l[1])
		}
		all[name] = names
	}
	return all
}

var (
	selector    = regexp.MustCompile(`\b((?:connector|go|process)_\w+)(?:\{([^}]*)\})?`)
	matcher     = regexp.MustCompile(`(\w+)\s*(?:=|!=|=~|!~)\s*"`)
	legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)
	grouping    = regexp.MustCompile(`\bby \(([^)]*)\)`)
)

// checkExpression checks that the metrics of an expression, and the labels by which it selects, are
// served. It returns the metrics. The syntax is left to promtool.
func checkExpression(t *testing.T, expression string, served map[string][]string) (metrics []string) {
	t.Helper()
	for _, s := range selector.FindAllStringSubmatch(expression, -1) {
		labels, ok := served[s[1]]
		if !ok {
			t.Errorf("%s: the service has no metric %s", expression, s[1])
		}
		for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
			if !slices.Contains(labels, m[1]) {
				t.Errorf("%s: %s has no label %s", expression, s[1], m[1])
			}
		}
		metrics = append(metrics, s[1])
	}
	if (len(metrics) == 0) && !strings.HasPrefix(expression, "up{") {
		t.Errorf("%q has no metric of the service", expression)
	}
	return metrics
}

// groupsBy reports whether an expression groups by a label.
func groupsBy(expression, label string) bool {
	for _, g := range grouping.FindAllStringSubmatch(expression, -1) {
		if slices.Contains(strings.Split(g[1], ", "), label) {
			return true
		}
	}
	return false
}

// TestPromtool checks the metrics, the rules and the dashboard with Prometheus's own tool, where it
// is installed.
func TestPromtool(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed")
	}
	s := newStack(t, withMetrics)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	promtool(t, s.metrics(t), "check", "metrics")
	promtool(t, nil, "test", "rules", alertCasesFile)

	// promtool checks rules, so each expression of the dashboard becomes one.
	var rules bytes.Buffer
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			fmt.Fprintf(&rules, "      - record: panel:%d:%s\n        expr: %q\n", p.ID, target.RefID,
				strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
		}
	}
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, rules.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, nil, "check", "rules", alertsFile, path)
}

// promtool runs promtool, which may neither fail nor warn.
func promtool(t *testing.T, input []byte, arguments ...string) {
	t.Helper()
	command := exec.Command("promtool", arguments...)
	command.Stdin = bytes.NewReader(input)
	if out, err := command.CombinedOutput(); (err != nil) || bytes.Contains(out, []byte("lint")) {
		t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}
