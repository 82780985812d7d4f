package cli

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// commandLine is a command as documents write it, up to a comment.
var commandLine = regexp.MustCompile(`(?m)^\./connector [^#\n]*`)

// TestCommands parses every command line that the documentation shows, so that each command and
// flag exists. It runs those that need nothing from outside and compares the output that is shown
// below them.
func TestCommands(t *testing.T) {
	pages := documents(t)
	texts := map[string]string{}
	for _, path := range pages {
		texts[path] = readPage(t, path)
	}
	t.Chdir(t.TempDir())
	for _, path := range pages {
		t.Run(path, func(t *testing.T) {
			t.Chdir(t.TempDir())
			blocks := blocksOf(texts[path])
			for i, b := range blocks {
				if b.language != "sh" {
					continue
				}
				shown := outputOf(blocks[i+1:])
				lines := slices.Collect(strings.Lines(b.text))
				for n, line := range lines {
					arguments, ok := argumentsOf(line)
					switch {
					case !ok:
					case n < len(lines)-1: // the output that is shown is the last command's
						tryCommand(t, arguments, "")
					default:
						tryCommand(t, arguments, shown)
					}
				}
			}
		})
	}
}

// argumentsOf returns the arguments of a line that runs the connector.
func argumentsOf(line string) ([]string, bool) {
	line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
	arguments, ok := strings.CutPrefix(line, "./connector ")
	return strings.Fields(arguments), ok
}

// outputOf returns the output that follows a command and its PowerShell form, or "".
func outputOf(following []block) string {
	if (len(following) > 0) && (following[0].language == "powershell") {
		following = following[1:]
	}
	if (len(following) > 0) && (following[0].language == "text") {
		return following[0].text
	}
	return ""
}

// made matches a line of keys list with the digits that select the key.
var made = regexp.MustCompile(`(?m)^(\S+) +([0-9a-f]{8})  made `)

// selectKey returns the arguments of keys remove with the digest of the oldest key of the name in
// place of the one that is shown, which no run has.
func selectKey(t *testing.T, arguments []string) []string {
	t.Helper()
	i := slices.Index(arguments, "--digest") + 1
	if i == 0 {
		return arguments
	}
	listed := run(t, "keys list --api-keys-file keys", environment()).stdout
	for _, line := range made.FindAllStringSubmatch(listed, -1) {
		if slices.Contains(arguments, line[1]) {
			arguments = slices.Clone(arguments)
			arguments[i] = line[2]
			return arguments
		}
	}
	return arguments
}

// tryCommand parses a command line, runs it if it needs nothing from outside, and compares its output.
func tryCommand(t *testing.T, arguments []string, shown string) {
	t.Helper()
	line := strings.Join(arguments, " ")
	parsed, err := parse(arguments, &console{getenv: environment(), stdout: t.Output(), stderr: t.Output()})
	if (err != nil) || (parsed == nil) {
		t.Errorf("connector %s: %v", line, err)
		return
	}
	switch {
	case line == "serve --sandbox" && shown != "":
		s := serveDocs(t, "--sandbox", "--log-format=text")
		compareOutput(t, line, shown, <-s.log.c)
	case line == "check --sandbox", line == "version", strings.HasPrefix(line, "keys "),
		strings.HasPrefix(line, "definition "):
		got := run(t, strings.Join(selectKey(t, arguments), " "), environment())
		if got.status != ExitOK {
			t.Errorf("connector %s: %+v", line, got)
		}
		if shown != "" {
			compareOutput(t, line, shown, got.stdout+got.stderr)
		}
	case strings.HasPrefix(line, "package "):
		got := run(t, line, environment())
		if got.status != ExitOK {
			t.Errorf("connector %s: %+v", line, got)
		}
		if shown != "" { // package warns before it prints
			compareOutput(t, line, shown, got.stderr+got.stdout)
		}
	}
}

// changing matches what differs from run to run: keys, digests, times, versions, ports.
var changing = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "DIGEST"},
	{regexp.MustCompile(`(?m)^[A-Za-z0-9_-]{43}$`), "KEY"},
	{regexp.MustCompile(`\b[0-9a-f]{8}\b`), "PREFIX"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
	{regexp.MustCompile(`version=\S+`), "VERSION"},
	{regexp.MustCompile(`connector \S+, commit \S+, go\S+`), "VERSION"},
}

func compareOutput(t *testing.T, line, shown, real string) {
	t.Helper()
	for _, c := range changing {
		shown = c.pattern.ReplaceAllString(shown, c.name)
		real = c.pattern.ReplaceAllString(real, c.name)
	}
	if shown != real {
		t.Errorf("connector %s prints\n%s\nshown is\n%s", line, real, shown)
	}
}

// TestShownMistakes holds the mistakes in settings that the documentation shows to those that are
// reported when nothing is set.
func TestShownMistakes(t *testing.T) {
	reported := run(t, "check", environment()).stderr
	shown := 0
	for _, path := range documents(t) {
		for _, b := range blocksOf(readPage(t, path)) {
			if !strings.HasPrefix(b.text, "connector: settings are wrong:\n") {
				continue
			}
			shown++
			for line := range strings.Lines(b.text) {
				if !strings.Contains(reported, line) {
					t.Errorf("%s:%d shows %q, reported is\n%s", path, b.line, line, reported)
				}
			}
		}
	}
	if shown == 0 {
		t.Error("no page shows any")
	}
}
