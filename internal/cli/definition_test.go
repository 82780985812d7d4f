package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/mcp"
)

// TestDefinitionMCP checks the definition of the MCP connector.
func TestDefinitionMCP(t *testing.T) {
	const tools = "https://connector.contoso.com/mcp"
	both := "CONNECTOR_AUDIENCE=api://connector, " + tools
	for name, test := range map[string]struct {
		flags, variables string
		want             string
	}{
		"has the path of the tools alone": {"", "", `"paths": {
        "` + mcp.Path + `": {
            "post": {
                "operationId": "InvokeMCP",`},
		"takes the host and the title": {"--host a.example --title Contoso", "", `"title": "Contoso",`},
		"takes keys":                   {"", "", `"name": "X-Api-Key",`},
		"signs in for the address of the tools": {"--sign-in entra --host other.example",
			"CONNECTOR_PUBLIC_URL=https://Connector.contoso.com:443/\n" + both, `"` + tools + `/access_as_user"`},
		"knows that address by the host": {"--sign-in entra --host connector.contoso.com", both,
			`"` + tools + `/access_as_user"`},
		"signs in for the actions if the address is no audience": {"--sign-in entra --host other.example", both,
			`"api://connector/access_as_user"`},
		"has a placeholder without an audience":  {"--sign-in entra", "", `"api://connector.contoso.example/`},
		"is not chosen by the service's setting": {"", "CONNECTOR_MCP=true", `"operationId": "GetAllCustomers"`},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(test.variables, "CONNECTOR_MCP") {
				test.flags += " --mcp"
			}
			got := run(t, "definition "+test.flags, environment(strings.Split(test.variables, "\n")...))
			if got.status != ExitOK || !strings.Contains(got.stdout, test.want) {
				t.Errorf("no %s in %+v", test.want, got)
			}
		})
	}
	t.Run("leaves the connector of the actions as it is", func(t *testing.T) {
		got := run(t, "definition --sign-in entra --host connector.contoso.com", environment(both))
		if !strings.Contains(got.stdout, `"api://connector/access_as_user"`) || strings.Contains(got.stdout, tools) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("is not for tokens that would be passed on", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "definition.json")
		for _, line := range []string{"definition --mcp --host a.example", "package --mcp --host a.example"} {
			got := run(t, line+" --out "+out, environment("CONNECTOR_SIGN_IN=caller"))
			if got.status != ExitUsage || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 ||
				!strings.Contains(got.stderr, "an MCP server must not pass on the tokens of callers") {
				t.Errorf("%s: %+v", line, got)
			}
			if _, err := os.Stat(out); err == nil {
				t.Errorf("%s wrote a file", line)
			}
		}
	})
}
