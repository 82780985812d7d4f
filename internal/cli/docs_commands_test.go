package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// commandLine is a command as documents write it, up to a comment.
var commandLine = regexp.MustCompile(`(?m)^\./connector [^#\n]*`)

// TestCommands parses every command line that the documentation shows, so that each command and
// flag exists. It runs those that need nothing from outside and compares the output that is shown
// below them. A page finds the files of its examples beside it, as a reader who downloaded them does.
func TestCommands(t *testing.T) {
	pages := documents(t)
	texts := map[string]string{}
	for _, path := range pages {
		texts[path] = readPage(t, path)
	}
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, path := range pages {
		t.Run(path, func(t *testing.T) {
			t.Chdir(t.TempDir())
			copyExamples(t, filepath.Join(repository, strings.TrimSuffix(path, ".md")))
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

// copyExamples copies the files in a folder, if there is one, into the working directory.
func copyExamples(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Base(file), content, 0o644); err != nil {
			t.Fatal(err)
		}
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
	case strings.HasPrefix(line, "migrate ") && ((shown != "") || exists(arguments[len(arguments)-1])):
		got := run(t, line, environment())
		if got.status != ExitOK {
			t.Errorf("connector %s: %+v", line, got)
		}
		if shown != "" {
			compareOutput(t, line, shown, got.stdout+got.stderr)
		}
	}
}

// exists reports whether a file is among the examples of the page.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
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
	if !showsOutput(shown, real) {
		t.Errorf("connector %s prints\n%s\nshown is\n%s", line, real, shown)
	}
}

// leftOut matches a line that stands for one line or more of an output.
var leftOut = regexp.MustCompile("(?m)^" + ellipsis + "\n")

// showsOutput reports whether shown is the output real, of which it may leave lines out.
func showsOutput(shown, real string) bool {
	parts := leftOut.Split(shown, -1)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, "(?:.*\n)+") + "$").MatchString(real)
}

func TestShowsOutput(t *testing.T) {
	for name, c := range map[string]struct {
		shown, real string
		want        bool
	}{
		"equal":                        {"a\nb\n", "a\nb\n", true},
		"another line":                 {"a\nb\n", "a\nc\n", false},
		"an end that is not shown":     {"a\n", "a\nb\n", false},
		"lines left out":               {"a\n…\nd\n", "a\nb\nc\nd\n", true},
		"the end left out":             {"a\n…\n", "a\nb\nc\n", true},
		"nothing left out":             {"a\n…\nb\n", "a\nb\n", false},
		"another line behind the gap":  {"a\n…\nc\n", "a\nb\nd\n", false},
		"half a line before the gap":   {"a\n…\nc\n", "ab\nb\nc\n", false},
		"an ellipsis within a line":    {"shared_…\n", "shared_…\n", true},
		"an ellipsis is no wildcard":   {"shared_…\n", "shared_x\n", false},
		"characters of an expression":  {"a.c (x)\n", "abc (x)\n", false},
		"a line that is left out once": {"…\nb\n", "a\nb\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := showsOutput(c.shown, c.real); got != c.want {
				t.Errorf("got %v", got)
			}
		})
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
