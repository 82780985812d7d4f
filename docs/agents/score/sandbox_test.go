package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jmespath/go-jmespath"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/partner-center/connector/internal/e2e/sandboxtest"
)

// TestSandbox makes the calls of each request in the served sandbox and checks that the facts are
// true: that they are in the results, or follow from them as derived has it.
func TestSandbox(t *testing.T) {
	s := connect(t)
	for _, q := range readPublished(t) {
		t.Run(q.ID, func(t *testing.T) {
			var texts []string
			for i, step := range q.Calls {
				for n, c := range step {
					text := s.read(t, c, "csv")
					if n == 0 {
						texts = append(texts, text, s.read(t, q.Calls[i][0], "json"))
					}
				}
			}
			results := newProse(q.Language, strings.Join(texts, "\n"))
			for _, fact := range q.Facts {
				d, ok := derived[q.ID][fact[0]]
				switch {
				case ok:
					s.check(t, q, d)
				case !slices.ContainsFunc(fact, results.has):
					t.Errorf("no result has %q", fact)
				}
			}
		})
	}
	for id, facts := range derived {
		for form := range facts {
			if !slices.ContainsFunc(readPublished(t), func(q request) bool { return (q.ID == id) && q.expects(form) }) {
				t.Errorf("%s has no fact %s", id, form)
			}
		}
	}
}

// A session is a connection to the tools of a sandbox.
type session struct{ *mcp.ClientSession }

// connect serves a sandbox and connects to its tools until the test ends.
func connect(t *testing.T) session {
	t.Helper()
	address := sandboxtest.Serve(t)
	transport := &mcp.StreamableClientTransport{
		Endpoint:   address + "/mcp",
		HTTPClient: &http.Client{Transport: withKey{}},
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "score", Version: "1"}, nil)
	connected, err := client.Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connected.Close() })
	return session{connected}
}

// withKey sends the API key of the sandbox.
type withKey struct{}

func (withKey) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Api-Key", sandboxtest.Key)
	return http.DefaultTransport.RoundTrip(r)
}

// cursor is how the first line of a list names what continues it.
var cursor = regexp.MustCompile(`^[^\n]* Cursor: (\S+)`)

// read makes a call and returns the texts of all pages. The result can be an error.
func (s session) read(t *testing.T, c call, format string) string {
	t.Helper()
	arguments := maps.Clone(c.Arguments)
	if strings.HasPrefix(c.Tool, "csp_list_") {
		arguments["Size"], arguments["Format"] = 200, format
	}
	var pages []string
	for {
		result, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: c.Tool, Arguments: arguments})
		if err != nil {
			t.Fatal(err)
		}
		page := result.Content[0].(*mcp.TextContent).Text
		pages = append(pages, page)
		next := cursor.FindStringSubmatch(page)
		if next == nil {
			return strings.Join(pages, "\n\n")
		}
		arguments["Cursor"] = next[1]
	}
}

// check evaluates the expression of a derivation.
func (s session) check(t *testing.T, q request, d derivation) {
	t.Helper()
	var results []any
	for _, step := range q.Calls {
		results = append(results, map[string]any{"items": itemsOf(t, s.read(t, step[0], "json"))})
	}
	got, err := jmespath.Search(d.expression, map[string]any{"results": results})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != d.want {
		t.Errorf("%s is %v, not %s", d.expression, got, d.want)
	}
}

// expects reports whether a fact of the request has this first form.
func (q request) expects(form string) bool {
	return slices.ContainsFunc(q.Facts, func(fact []string) bool { return fact[0] == form })
}

// itemsOf returns the rows of all pages.
func itemsOf(t *testing.T, text string) []any {
	t.Helper()
	var rows []any
	for page := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(page, "{") {
			continue
		}
		var list struct{ Items []any }
		if err := json.Unmarshal([]byte(page), &list); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, list.Items...)
	}
	return rows
}
