package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sandboxCall is a call of the sandbox as documents write it: of an action, or of a tool with a body.
// Any other form fails the test, so that none is left out.
var sandboxCall = regexp.MustCompile(
	`^curl -s -H 'X-Api-Key: sandbox' (?:-o (\S+) )?(?:-H 'Content-Type: application/json' -d '([^']*)' )?` +
		`'(http://127\.0\.0\.1:8080/[^']*)'(?: \| jq| \| jq -r '(\.result\.content\[0\]\.text)')?$`)

// TestExamples runs every call of the sandbox that the documentation shows and compares the answer
// that it shows.
func TestExamples(t *testing.T) {
	s := newDocsService(t)
	examples := 0
	for _, path := range documents(t) {
		t.Run(path, func(t *testing.T) {
			blocks := blocksOf(readPage(t, path))
			for i, b := range blocks {
				if b.language != "sh" {
					continue
				}
				for line := range strings.Lines(b.text) {
					if strings.Contains(line, "X-Api-Key: sandbox") {
						examples++
						tryExample(t, s, strings.TrimSpace(line), blocks[i+1:])
					}
				}
			}
		})
	}
	if examples < 12 {
		t.Errorf("only %d examples were found", examples)
	}
}

// answerTo returns the JSON that follows a command and its PowerShell form, or "".
func answerTo(following []block) string {
	if (len(following) > 0) && (following[0].language == "powershell") {
		following = following[1:]
	}
	if (len(following) > 0) && (following[0].language == "json") {
		return following[0].text
	}
	return ""
}

// tryExample runs one call and compares its answer with the one that is shown below it.
func tryExample(t *testing.T, s *docsService, line string, following []block) {
	t.Helper()
	parts := sandboxCall.FindStringSubmatch(line)
	if parts == nil {
		t.Fatalf("%s\nis not of the form that is tried here: %s", line, sandboxCall)
	}
	file, body, address, text := parts[1], parts[2], parts[3], parts[4]
	answer := s.get(t, address)
	if body != "" {
		answer = s.post(t, address, body)
	}
	if file != "" {
		if !bytes.HasPrefix(answer, []byte("%PDF-")) || !strings.HasSuffix(file, ".pdf") {
			t.Errorf("%s\ndoes not write a PDF", line)
		}
		return
	}
	if text != "" {
		shown, real := strings.TrimSpace(outputOf(following)), strings.TrimSpace(toolText(t, answer))
		if (shown == "") || !matches(shown, real) {
			t.Errorf("%s\nshown is\n%s\nthe answer is\n%s", line, shown, real)
		}
		return
	}
	shown := answerTo(following)
	if shown == "" {
		t.Fatalf("%s\nno answer is shown", line)
	}
	if err := compareShown(shown, string(answer)); err != nil {
		t.Errorf("%s\n%v; the answer is\n%s", line, err, answer)
	}
}

// toolText returns the text of a tool's result.
func toolText(t *testing.T, answer []byte) string {
	t.Helper()
	var response struct {
		Result struct{ Content []struct{ Text string } }
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		t.Fatal(err)
	}
	if len(response.Result.Content) == 0 {
		t.Fatalf("no content: %s", answer)
	}
	return response.Result.Content[0].Text
}

// compareShown returns how a shown answer differs from the real one. Both must be equal as JSON,
// numbers digit for digit, but for what is left out: "…" as a text or in one stands for any text,
// as the last element of an array for further elements, and as a member's name for further members.
func compareShown(shown, real string) error {
	a, err := decodeJSON(shown)
	if err != nil {
		return fmt.Errorf("what is shown is not JSON: %w", err)
	}
	b, err := decodeJSON(real)
	if err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	return compareValues("", a, b)
}

func decodeJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the value")
	}
	return value, nil
}

// ellipsis stands for what is left out.
const ellipsis = "…"

func compareValues(path string, shown, real any) error {
	switch shown := shown.(type) {
	case map[string]any:
		if real, ok := real.(map[string]any); ok {
			return compareObjects(path, shown, real)
		}
	case []any:
		if real, ok := real.([]any); ok {
			return compareArrays(path, shown, real)
		}
	case string:
		if real, ok := real.(string); ok && matches(shown, real) {
			return nil
		}
	default:
		if reflect.DeepEqual(shown, real) {
			return nil
		}
	}
	return fmt.Errorf("%s: shown is %v, the answer has %v", path, shown, real)
}

func compareObjects(path string, shown, real map[string]any) error {
	_, open := shown[ellipsis]
	for name := range real {
		if _, ok := shown[name]; !ok && !open {
			return fmt.Errorf("%s: %s is not shown", path, name)
		}
	}
	for name, value := range shown {
		if name == ellipsis {
			continue
		}
		if _, ok := real[name]; !ok {
			return fmt.Errorf("%s: the answer has no %s", path, name)
		}
		if err := compareValues(path+"."+name, value, real[name]); err != nil {
			return err
		}
	}
	return nil
}

func compareArrays(path string, shown, real []any) error {
	n := len(shown)
	if (n > 0) && (shown[n-1] == any(ellipsis)) {
		n--
		if len(real) <= n {
			return fmt.Errorf("%s: nothing is left out", path)
		}
	} else if len(real) != n {
		return fmt.Errorf("%s: %d elements are shown, the answer has %d", path, n, len(real))
	}
	for i := range n {
		if err := compareValues(fmt.Sprintf("%s[%d]", path, i), shown[i], real[i]); err != nil {
			return err
		}
	}
	return nil
}

// matches reports whether text is what is shown, where … stands for any characters.
func matches(shown, text string) bool {
	parts := strings.Split(shown, ellipsis)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`^(?s:` + strings.Join(parts, ".*") + `)$`).MatchString(text)
}

func TestCompareShown(t *testing.T) {
	for name, c := range map[string]struct {
		shown, real string
		want        bool
	}{
		"equal":                       {`{"a": [1, "x"]}`, `{"a":[1,"x"]}`, true},
		"another digit":               {`{"a": 1.0}`, `{"a":1}`, false},
		"a member that is not shown":  {`{"a": 1}`, `{"a":1,"b":2}`, false},
		"a member that is not there":  {`{"a": 1, "…": "…"}`, `{"b":2}`, false},
		"further members":             {`{"a": 1, "…": "…"}`, `{"a":1,"b":2}`, true},
		"further elements":            {`["x", "…"]`, `["x","y","z"]`, true},
		"nothing left out":            {`["x", "…"]`, `["x"]`, false},
		"one element too few":         {`["x"]`, `["x","y"]`, false},
		"a part of a text left out":   {`"a…c"`, `"abbbc"`, true},
		"another end of a text":       {`"a…c"`, `"abbbd"`, false},
		"a text in place of a number": {`"…"`, `1`, false},
		"no JSON":                     {`{"a": …}`, `{"a":1}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := compareShown(c.shown, c.real); (err == nil) != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

var shownURL = regexp.MustCompile(`http://127\.0\.0\.1:8080[^'\s]*`)

// TestPowerShell holds the commands for PowerShell to those for Bash: the same calls, commands and
// variables.
func TestPowerShell(t *testing.T) {
	for _, path := range documents(t) {
		t.Run(path, func(t *testing.T) {
			var sh, powershell string
			for _, b := range blocksOf(readPage(t, path)) {
				switch b.language {
				case "sh":
					sh += b.text
				case "powershell":
					powershell += strings.ReplaceAll(b.text, `.\connector.exe`, "./connector")
				}
			}
			var want, got []string
			want = append(want, shownURL.FindAllString(sh, -1)...)
			got = append(got, shownURL.FindAllString(powershell, -1)...)
			want = append(want, commandLine.FindAllString(sh, -1)...)
			got = append(got, commandLine.FindAllString(powershell, -1)...)
			for _, v := range regexp.MustCompile(`export (\w+)=`).FindAllStringSubmatch(sh, -1) {
				want = append(want, v[1])
			}
			for _, v := range regexp.MustCompile(`\$env:(\w+) = `).FindAllStringSubmatch(powershell, -1) {
				got = append(got, v[1])
			}
			for _, w := range want {
				if !slices.Contains(got, w) {
					t.Errorf("PowerShell has no %s", w)
				}
			}
		})
	}
}
