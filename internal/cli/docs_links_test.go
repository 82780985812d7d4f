package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/definition/registration"
	"github.com/partner-center/connector/internal/sandbox"
	"github.com/partner-center/connector/openapi"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
)

// TestLinks follows every link between pages, anchors included.
func TestLinks(t *testing.T) {
	for _, page := range documents(t) {
		t.Run(page, func(t *testing.T) {
			for _, l := range link.FindAllStringSubmatch(withoutCode(readPage(t, page)), -1) {
				if strings.Contains(l[1], "://") {
					continue
				}
				target, anchor, _ := strings.Cut(l[1], "#")
				file := page
				if target != "" {
					file = path.Join(path.Dir(page), target)
				}
				if _, err := os.Stat(filepath.Join(root, file)); err != nil {
					t.Errorf("link %s: no such file", l[1])
					continue
				}
				if (anchor != "") && !slices.Contains(anchorsOf(readPage(t, file)), anchor) {
					t.Errorf("%s: %s has no such heading", l[1], file)
				}
			}
		})
	}
}

// withoutCode returns a page without its code blocks, in which nothing is a link or a heading.
func withoutCode(page string) string { return fence.ReplaceAllString(page, "") }

// anchorsOf returns the anchors that GitHub gives to a page's headings.
func anchorsOf(page string) []string {
	var all []string
	for _, h := range heading.FindAllStringSubmatch(withoutCode(page), -1) {
		anchor := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(h[1]), "")
		anchor = strings.ReplaceAll(anchor, " ", "-")
		if n := count(all, anchor); n > 0 {
			anchor = fmt.Sprintf("%s-%d", anchor, n)
		}
		all = append(all, anchor)
	}
	return all
}

func count(all []string, s string) int {
	n := 0
	for _, a := range all {
		if a == s {
			n++
		}
	}
	return n
}

// TestLinksToTheDocumentation follows the links that packages have to pages of this repository, from
// each action and from what a connection asks for.
func TestLinksToTheDocumentation(t *testing.T) {
	out := t.TempDir()
	if got := run(t, "package --form paconn --out "+out, environment()); got.status != ExitOK {
		t.Fatalf("%+v", got)
	}
	toPage := regexp.MustCompile(`https://github\.com/partner-center/connector/blob/main/([\w./-]+)(?:#([\w-]+))?`)
	found := 0
	for _, name := range []string{"apiDefinition.swagger.json", "apiProperties.json"} {
		text, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range toPage.FindAllStringSubmatch(string(text), -1) {
			found++
			if page := readPage(t, l[1]); (l[2] != "") && !slices.Contains(anchorsOf(page), l[2]) {
				t.Errorf("%s: no such heading", l[0])
			}
		}
	}
	if found < 9 {
		t.Errorf("only %d links", found)
	}
}

// TestEveryPageIsReached shows that each page can be reached from the README by links.
func TestEveryPageIsReached(t *testing.T) {
	reached := []string{"README.md"}
	for i := 0; i < len(reached); i++ {
		if !strings.HasSuffix(reached[i], ".md") {
			continue
		}
		for _, l := range link.FindAllStringSubmatch(withoutCode(readPage(t, reached[i])), -1) {
			target, _, _ := strings.Cut(l[1], "#")
			file := path.Join(path.Dir(reached[i]), target)
			if (target != "") && !strings.Contains(target, "://") && !slices.Contains(reached, file) {
				reached = append(reached, file)
			}
		}
	}
	for _, page := range documents(t) {
		if strings.HasPrefix(page, "docs/") && !slices.Contains(reached, page) {
			t.Errorf("%s: no page links to it", page)
		}
	}
}

// TestReadmeIsShort limits the README to 9,000 bytes, about five minutes of reading.
func TestReadmeIsShort(t *testing.T) {
	if size := len(readPage(t, "README.md")); size > 9000 {
		t.Errorf("README.md has %d bytes, more than 9000", size)
	}
}

// extensionKey matches a key of the spec that is an extension of OpenAPI.
var extensionKey = regexp.MustCompile(`(?m)^ *(?:- )?(x-[a-z-]+):`)

// TestNothingIsUndocumented shows that each action, parameter, command, extension and failing customer
// is on its page. The generated pages have the settings, codes and metrics.
func TestNothingIsUndocumented(t *testing.T) {
	t.Run("actions", func(t *testing.T) {
		readme, page := readPage(t, "README.md"), readPage(t, "docs/actions.md")
		for _, a := range actions(t) {
			row := fmt.Sprintf("| %s | `%s` | `%s` |", a.Summary, a.OperationID, strings.TrimPrefix(a.path, "/v1"))
			if !strings.Contains(readme, row) {
				t.Errorf("README.md has no row for %s", a.OperationID)
			}
			_, section, _ := strings.Cut(page, "\n## "+a.Summary+"\n")
			section, _, _ = strings.Cut(section, "\n## ")
			if !strings.Contains(section, fmt.Sprintf("`%s`: `GET %s`", a.OperationID, a.path)) {
				t.Errorf("docs/actions.md has no section for %s", a.OperationID)
			}
			for _, p := range a.Parameters {
				internal := p.Value.Extensions["x-ms-visibility"] == "internal"
				if !internal && !strings.Contains(section, "| `"+p.Value.Name+"` |") {
					t.Errorf("docs/actions.md has no row for %s of %s", p.Value.Name, a.OperationID)
				}
				for _, value := range p.Value.Schema.Value.Enum {
					if !strings.Contains(section, fmt.Sprintf("| `%v` |", value)) {
						t.Errorf("docs/actions.md has no row for %v of %s", value, p.Value.Name)
					}
				}
			}
		}
	})
	t.Run("commands", func(t *testing.T) {
		page := readPage(t, "docs/operations.md")
		parser, err := config.NewParser(new(commands), environment(), helpTexts)
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range parser.Model.Leaves(false) {
			if !strings.Contains(page, "| `"+command.Path()+"` |") {
				t.Errorf("docs/operations.md has no row for %s", command.Path())
			}
		}
	})
	t.Run("registration", func(t *testing.T) {
		page := readPage(t, "docs/power-platform.md")
		names := []string{registration.SolutionName, registration.ConnectorName, registration.ConnectorGUID,
			registration.MCPConnectorName, registration.MCPConnectorGUID}
		for _, form := range registration.Forms() {
			names = append(names, string(form))
		}
		for _, name := range names {
			if !strings.Contains(page, "| `"+name+"`") {
				t.Errorf("docs/power-platform.md has no table cell for %s", name)
			}
		}
	})
	t.Run("packages", func(t *testing.T) {
		page := readPage(t, "docs/architecture.md")
		rooms, err := filepath.Glob(filepath.Join(root, "internal", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, room := range rooms {
			name := "internal/" + filepath.Base(room)
			if !strings.HasSuffix(name, ".go") && !strings.Contains(page, "`"+name+"`") {
				t.Errorf("docs/architecture.md has no row for %s", name)
			}
		}
		for _, name := range regexp.MustCompile("`(internal/[^` ]+)`").FindAllStringSubmatch(page, -1) {
			if _, err := os.Stat(filepath.Join(root, name[1])); err != nil {
				t.Errorf("docs/architecture.md names %s, which does not exist", name[1])
			}
		}
	})
	t.Run("extensions of the spec", func(t *testing.T) {
		page := readPage(t, "docs/architecture.md")
		for _, key := range extensionKey.FindAllSubmatch(openapi.YAML, -1) {
			name := string(key[1])
			if !strings.HasPrefix(name, "x-ms-") && !strings.Contains(page, "\n| `"+name+"` |") {
				t.Errorf("docs/architecture.md has no row for %s", name)
			}
		}
	})
	t.Run("failing customers", func(t *testing.T) {
		s, page := newDocsService(t), readPage(t, "docs/sandbox.md")
		for _, customer := range sandbox.Failures() {
			var answer struct {
				StatusCode int
				Error      struct{ Code string }
			}
			if err := json.Unmarshal(s.get(t, "/v1/customers/"+customer.ID), &answer); err != nil {
				t.Fatal(err)
			}
			row := regexp.MustCompile(fmt.Sprintf("\\| `%s` \\| [^|]+ \\| %d `%s` \\|",
				customer.ID, answer.StatusCode, answer.Error.Code))
			if !row.MatchString(page) {
				t.Errorf("docs/sandbox.md: no row matches %s", row)
			}
		}
	})
}
