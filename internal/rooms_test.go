// Package internal has no code of its own. Its tests check the whole module: which package may
// import which, and that the tests that documents and the Makefile name exist.
package internal_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/partner-center/connector/"
	gin    = "github.com/gin-gonic/gin"
)

// rooms are all packages, with those of this module that each may import and those of others that
// it must not import. The room * stands for all.
var rooms = map[string]struct{ may, never []string }{
	"cmd/connector":       {may: []string{"internal/cli"}},
	"internal/cli":        {may: []string{"*"}},
	"internal/e2e":        {},
	"deploy":              {},
	"docs/agents/score":   {},
	"docs/flows":          {},
	"gen":                 {},
	"openapi":             {},
	"internal/atomicfile": {never: []string{"net/http"}},
	"internal/auth": {may: []string{"internal/atomicfile", "internal/call", "internal/fault",
		"internal/outbound", "internal/refresh"}, never: []string{gin}},
	"internal/console":    {may: []string{"internal/gate"}, never: []string{gin}},
	"internal/config":     {may: []string{"internal/secretfile"}, never: []string{"net/http"}},
	"internal/definition": {never: []string{"net/http"}},
	"internal/fault":      {never: []string{"net/http"}},
	"internal/gate": {may: []string{"internal/auth", "internal/call", "internal/fault", "internal/ratelimit",
		"internal/seal"}, never: []string{gin}},
	"internal/icon":    {never: []string{"net/http"}},
	"internal/logsink": {never: []string{"log/slog"}},
	"internal/mapping": {never: []string{"net/http"}},
	"internal/mcp": {may: []string{"internal/auth", "internal/call", "internal/fault", "internal/gate",
		"internal/proxy", "internal/ratelimit", "internal/seal"}, never: []string{gin}},
	"internal/metrics":  {may: []string{"internal/call", "internal/fault", "internal/gate"}, never: []string{gin}},
	"internal/outbound": {},
	"internal/partnercenter": {may: []string{"internal/call", "internal/fault", "internal/outbound"},
		never: []string{gin, "github.com/getkin/kin-openapi/openapi3"}},
	"internal/proxy": {may: []string{"gen", "internal/fault", "internal/mapping", "internal/partnercenter",
		"internal/seal", "internal/call"}, never: []string{gin}},
	"internal/ratelimit": {never: []string{"net/http", gin, "github.com/gomodule/redigo/redis"}},
	"internal/refresh":   {never: []string{"net/http", "log/slog"}},
	"internal/sandbox":   {},
	"internal/seal":      {},
	"internal/server":    {may: []string{"gen", "internal/auth", "internal/call", "internal/fault", "internal/gate"}},
	"internal/traces":    {may: []string{"internal/outbound"}, never: []string{gin}},
	"internal/call":      {},

	"internal/diagnose": {may: []string{"internal/entra", "internal/fault", "internal/outbound",
		"internal/secretfile", "internal/ratelimit/redislimit"}, never: []string{gin}},
	"internal/entra": {may: []string{"internal/entra/tokenfile", "internal/fault", "internal/outbound",
		"internal/refresh", "internal/secretfile"}, never: []string{gin}},
	"internal/definition/registration": {may: []string{"internal/definition"}, never: []string{"net/http"}},
	"internal/entra/consent": {may: []string{"internal/entra", "internal/entra/tokenfile"},
		never: []string{gin}},
	"internal/entra/tokenfile": {may: []string{"internal/atomicfile", "internal/secretfile"},
		never: []string{"net/http"}},
	"internal/migrate": {may: []string{"internal/migrate/archive", "internal/migrate/expression",
		"internal/migrate/flow", "internal/migrate/report", "internal/migrate/splice"}, never: []string{"net/http"}},
	"internal/migrate/flow": {may: []string{"internal/fault", "internal/gate", "internal/migrate/expression",
		"internal/migrate/report", "internal/migrate/splice", "internal/proxy"}, never: []string{"net/http"}},
	"internal/migrate/report":       {never: []string{"net/http"}},
	"internal/migrate/archive":      {never: []string{"net/http"}},
	"internal/migrate/splice":       {never: []string{"net/http"}},
	"internal/migrate/expression":   {never: []string{"net/http"}},
	"internal/ratelimit/redislimit": {may: []string{"internal/ratelimit"}, never: []string{"net/http", gin}},
	"internal/secretfile":           {never: []string{"net/http"}},

	// For make generate and make console-libraries alone.
	"internal/console/vendored": {never: []string{"net/http"}},
	"internal/icon/draw":        {},

	// For tests alone.
	"internal/e2e/blackhole":   {},
	"internal/e2e/browser":     {},
	"internal/e2e/console":     {},
	"internal/e2e/fakeentra":   {may: []string{"internal/e2e/reply", "internal/e2e/secret"}},
	"internal/e2e/fakepartner": {may: []string{"internal/e2e/reply", "internal/e2e/secret"}},
	"internal/e2e/limittest":   {may: []string{"internal/ratelimit"}},
	"internal/e2e/redisserver": {may: []string{"internal/e2e/tier"}},
	"internal/e2e/reply":       {},
	"internal/e2e/sandboxtest": {may: []string{"internal/cli"}},
	"internal/e2e/schemas":     {},
	"internal/e2e/scriptcmd":   {},
	"internal/e2e/secret":      {},
	"internal/e2e/tier":        {},
}

// onlyIn has the modules that must not be linked into the service, with the one room, a program of
// its own, that may import them.
var onlyIn = map[string]string{
	"github.com/fyne-io/oksvg":   "internal/icon/draw",
	"github.com/srwiley/rasterx": "internal/icon/draw",
}

// TestRooms checks every import of the module against the table, and that the table has exactly the
// packages of the module.
func TestRooms(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		if name == "internal" {
			continue
		}
		room, ok := rooms[name]
		if !ok {
			t.Errorf("%s has no room in the table", name)
		}
		seen++
		for _, imported := range fields[1:] {
			ours, isOurs := strings.CutPrefix(imported, module)
			if isTestOnly(ours) && !isTestOnly(name) {
				t.Errorf("%s imports %s, which is for tests", name, ours)
			}
			allowed := !isOurs || slices.Contains(room.may, ours) || slices.Contains(room.may, "*")
			if !allowed || slices.Contains(room.never, imported) {
				t.Errorf("%s imports %s", name, imported)
			}
			if only, ok := onlyIn[imported]; ok && (only != name) {
				t.Errorf("%s imports %s, which is for %s alone", name, imported, only)
			}
		}
	}
	if seen != len(rooms) {
		t.Errorf("the table has %d rooms, the module %d", len(rooms), seen)
	}
}

// isTestOnly reports whether only tests may import a package. go list does not list the imports of
// tests.
func isTestOnly(name string) bool { return strings.HasPrefix(name, "internal/e2e") }
