package deploy_test

import (
	stdcmp "cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/cli"
	"github.com/partner-center/connector/internal/e2e/scriptcmd"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the connector, and the programs of others that the scripts run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"connector": func() { os.Exit(cli.Main()) },
		"az":        az,
		"curl":      curl,
		"sleep":     func() {},
	})
}

// curl is the main function of a stand-in for curl. It downloads from the folder that RELEASE names,
// and finds a service ready as soon as there is a deployment, unless NOT_READY is 1.
func curl() {
	url := os.Args[slices.IndexFunc(os.Args, func(arg string) bool { return strings.HasPrefix(arg, "https://") })]
	logCall("curl " + url)
	if strings.HasSuffix(url, "/readyz") {
		if os.Getenv("NOT_READY") == "1" {
			os.Exit(28)
		}
		fmt.Print(stdcmp.Or(os.Getenv("STATUS"), "200"))
		return
	}
	text, err := os.ReadFile(filepath.Join(os.Getenv("RELEASE"), filepath.Base(url)))
	if err != nil {
		os.Exit(22)
	}
	check(os.WriteFile(os.Args[slices.Index(os.Args, "-o")+1], text, 0o600))
}

// TestDeployScript runs deploy.sh against a fake Azure, as the scripts in testdata say.
func TestDeployScript(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("needs bash, which is not on PATH")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else an instrumented process waits for a second at its end
			e.Setenv("DEPLOY", filepath.Join(here, "azure", "deploy.sh"))
			e.Setenv("TEMPLATE", filepath.Join(here, "azure", "template.json"))
			e.Setenv("AZURE", filepath.Join(e.WorkDir, "azure.json"))
			e.Setenv("CALLS", filepath.Join(e.WorkDir, "calls"))
			e.Setenv("RELEASE", filepath.Join(e.WorkDir, "release"))
			return os.WriteFile(filepath.Join(e.WorkDir, "calls"), nil, 0o600)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": scriptcmd.Exits},
	})
}

// TestPowerShellParses checks the syntax of deploy.ps1.
func TestPowerShellParses(t *testing.T) {
	if _, err := exec.LookPath("pwsh"); err != nil {
		t.Skip("needs pwsh, which is not on PATH")
	}
	const script = `$errors = $null; [void][Management.Automation.Language.Parser]::ParseFile(` +
		`"$PWD/azure/deploy.ps1", [ref]$null, [ref]$errors); $errors; exit $errors.Count`
	if says, err := exec.Command("pwsh", "-NoProfile", "-Command", script).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, says)
	}
}

// TestScriptsAgree checks that both scripts run the same commands of az and the connector with the same options.
func TestScriptsAgree(t *testing.T) {
	bash, powershell := commandsOf(t, "azure/deploy.sh"), commandsOf(t, "azure/deploy.ps1")
	if len(bash) < 20 {
		t.Errorf("only %d commands were found", len(bash))
	}
	if diff := cmp.Diff(bash, powershell); diff != "" {
		t.Errorf("- deploy.sh, + deploy.ps1:\n%s", diff)
	}
}

var (
	call = regexp.MustCompile(
		`(?:\b(?:run_az|find_az|eventually|Invoke-Az|Find-Az|Wait-Az)|"\$connector"|& \$Connector) `)
	callWords  = regexp.MustCompile(`^[a-z][a-z-]*(?: [a-z][a-z-]*)*`)
	callOption = regexp.MustCompile(` --([a-z-]+)(?: ([A-Za-z0-9][A-Za-z0-9./-]*)\b)?`)
)

// commandsOf returns the commands of az and the connector in a script, with their options in alphabetical
// order and the values that are no variables, without the options that concern az's output alone.
func commandsOf(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	joined := strings.ReplaceAll(string(text), "\\\n", " ")
	var all []string
	for line := range strings.Lines(joined) {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "function") {
			continue
		}
		for _, text := range call.Split(line, -1)[1:] {
			words := callWords.FindString(text)
			if words == "" { // a test of the connector's path
				continue
			}
			var options []string
			for _, option := range callOption.FindAllStringSubmatch(text, -1) {
				if (option[1] != "query") && (option[1] != "output") {
					options = append(options, strings.TrimSuffix(option[1]+"="+option[2], "="))
				}
			}
			slices.Sort(options)
			all = append(all, fmt.Sprint(words, " ", slices.Compact(options)))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
