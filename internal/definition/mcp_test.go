package definition

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/e2e/schemas"
)

const mcpFile = "../../openapi/mcp.yaml"

func TestGoldenMCPDefinition(t *testing.T) {
	compareWithGolden(t, "testdata/mcp.json", file(t, mcpFile))
}

// TestMCPDefinitionFollowsRule checks the definition of the MCP connector. Its agents read no list of
// actions, so that the rules about the actions do not apply.
func TestMCPDefinitionFollowsRule(t *testing.T) {
	ofActions := []string{"O2", "O5", "R1", "R2", "T6"}
	for _, signIn := range []string{APIKey, Entra} {
		d := parse(t, generatedMCP(t, signIn))
		for _, r := range rules {
			if slices.Contains(ofActions, r.id) {
				continue
			}
			t.Run(signIn+" "+r.id, func(t *testing.T) {
				for _, problem := range problems(r, d) {
					t.Error(problem)
				}
			})
		}
	}
}

func generatedMCP(t *testing.T, signIn string) []byte {
	t.Helper()
	text, err := Generate(file(t, mcpFile), signIns[signIn])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestMCPOperation checks what Copilot Studio needs: one POST without inputs, since each would become an
// input of every tool, and one response without a schema.
func TestMCPOperation(t *testing.T) {
	d := parse(t, generatedMCP(t, APIKey))
	operations := d.operations()
	if len(operations) != 1 || sub(d.root, "paths", "/mcp", "post") == nil {
		t.Fatalf("%+v", operations)
	}
	op := operations[0].object
	delete(op, "description") // checked by O4
	delete(op, "summary")     // checked by O3
	delete(sub(op, "responses", "200"), "description")
	want := object{"operationId": "InvokeMCP", "x-ms-agentic-protocol": "mcp-streamable-1.0",
		"responses": object{"200": object{}}}
	if diff := cmp.Diff(want, op); diff != "" {
		t.Errorf("- wanted, + there:\n%s", diff)
	}
}

// TestMCPDefinitionIsOfTheSameService checks that the two definitions differ in nothing but their texts
// and actions.
func TestMCPDefinitionIsOfTheSameService(t *testing.T) {
	for _, signIn := range []string{APIKey, Entra} {
		rest, mcp := parse(t, generated(t, signIn)).root, parse(t, generatedMCP(t, signIn)).root
		if sub(rest, "info")["title"] == sub(mcp, "info")["title"] {
			t.Error("both have the same title")
		}
		for _, own := range []string{"title", "description"} {
			delete(sub(rest, "info"), own)
			delete(sub(mcp, "info"), own)
		}
		for _, own := range []string{"paths", "definitions", "parameters", "responses", "tags"} {
			delete(rest, own)
			delete(mcp, own)
		}
		if diff := cmp.Diff(rest, mcp); diff != "" {
			t.Errorf("%s: - actions, + MCP:\n%s", signIn, diff)
		}
	}
}

// TestMCPDefinitionForOperator checks that an operator's choices arrive.
func TestMCPDefinitionForOperator(t *testing.T) {
	o := Options{SignIn: APIKey, Host: "mcp.contoso.com", Info: Info{Title: "Contoso", ContactEmail: "a@contoso.com"}}
	got, err := Generate(file(t, mcpFile), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"host": "mcp.contoso.com"`, `"title": "Contoso"`, `"email": "a@contoso.com"`} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// TestMCPDefinitionMatchesPlatformSchema validates against the schema of Microsoft that knows the keyword
// for the protocol.
func TestMCPDefinitionMatchesPlatformSchema(t *testing.T) {
	schema := schemas.Platform(t, "apiDefinition.patched.schema.json")
	for _, signIn := range []string{APIKey, Entra} {
		d := parse(t, generatedMCP(t, signIn))
		if err := schema.Validate(any(d.root)); err != nil {
			t.Errorf("%s: %v", signIn, err)
		}
	}
}
