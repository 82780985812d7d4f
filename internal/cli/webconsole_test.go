package cli

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/config"
	webconsole "github.com/partner-center/connector/internal/console"
)

// consoleConfig returns settings of a service with a public URL.
func consoleConfig(signIn string) config.Config {
	return config.Config{
		PublicURL: "https://connector.contoso.com",
		SignIn:    strings.Split(signIn, ","),
		Audiences: []string{"9a1b2c3d-1234-4f89-91d3-0305e82c3302", "api://9a1b2c3d-1234-4f89-91d3-0305e82c3302"},
		Scope:     "access_as_user",
		MCP:       signIn != config.Caller,
		Console:   true,
		Partner: config.Partner{
			Cloud:        config.Clouds["global"],
			AuthorityURL: config.Clouds["global"].Authority,
		},
	}
}

// TestConsoleDownloads compares every download with what the command line writes for the same service.
func TestConsoleDownloads(t *testing.T) {
	for _, signIn := range []string{"api-key", "entra", "caller", "api-key,entra"} {
		t.Run(signIn, func(t *testing.T) {
			t.Parallel()
			c := consoleConfig(signIn)
			spec, err := compiled()
			if err != nil {
				t.Fatal(err)
			}
			downloads := describe(c, spec, spec.tools).Downloads
			ways, kinds := strings.Count(signIn, ",")+1, 2
			if signIn == config.Caller { // an MCP server must not pass on tokens
				kinds = 1
			}
			if want := ways * kinds * 6; len(downloads) != want {
				t.Errorf("%d downloads, want %d", len(downloads), want)
			}
			for _, d := range downloads {
				got, err := buildDownload(c, d, c.PublicURL)
				if err != nil {
					t.Fatalf("%+v: %v", d, err)
				}
				if diff := cmp.Diff(written(t, c, d), unpacked(t, d, got)); diff != "" {
					t.Errorf("%+v differs from what the command line writes: %.300s", d, diff)
				}
			}
		})
	}
}

// unpacked returns the files of a download by name. A definition is one file, and so is a solution, which is
// imported as it is.
func unpacked(t *testing.T, d webconsole.Download, content []byte) map[string]string {
	t.Helper()
	if d.Form == "" || d.Form == "solution" {
		return map[string]string{"": string(content)}
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.File {
		text, err := fs.ReadFile(archive, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}

// written returns the files that the command line writes for a download.
func written(t *testing.T, c config.Config, d webconsole.Download) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	line := " --out " + out + " --sign-in " + d.SignIn
	if d.MCP {
		line += " --mcp"
	}
	command := "definition"
	if d.Form != "" {
		command = "package --form " + d.Form
	}
	got := run(t, command+line, environment("CONNECTOR_PUBLIC_URL="+c.PublicURL,
		"CONNECTOR_AUDIENCE="+strings.Join(c.Audiences, ",")))
	if got.status != ExitOK {
		t.Fatalf("%+v", got)
	}
	switch d.Form {
	case "":
		return map[string]string{"": readFile(t, out)}
	case "solution":
		return map[string]string{"": readFile(t, filepath.Join(out, "PartnerCenterConnector.zip"))}
	}
	files := map[string]string{}
	for _, name := range filesBelow(t, out) {
		files[name] = readFile(t, filepath.Join(out, name))
	}
	return files
}

// TestConsoleService checks what the console learns of the settings.
func TestConsoleService(t *testing.T) {
	spec, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	s := describe(consoleConfig("api-key,entra"), spec, spec.tools)
	if s.Sandbox != nil || !s.Public || s.Cloud != "global" || s.Tools != spec.tools.Len() {
		t.Errorf("got %+v", s)
	}
	if len(s.Operations) != len(spec.operations) {
		t.Errorf("%d operations, want %d", len(s.Operations), len(spec.operations))
	}
	if columns := s.Operations["ListRenewals"].Columns; len(columns) == 0 || columns[0] != "customerName" {
		t.Errorf("the columns are %q", columns)
	}
	c := consoleConfig("api-key")
	c.Console = false
	if newConsole(c, spec, spec.tools) != nil {
		t.Error("there is a console though it is switched off")
	}
	c.Console = true
	serve, w := newConsole(c, spec, spec.tools), httptest.NewRecorder()
	if !serve(w, httptest.NewRequest("GET", "/", nil), webconsole.Path+"definition.json", c.PublicURL) {
		t.Error("there is no console")
	}
	want := run(t, "definition", environment("CONNECTOR_PUBLIC_URL="+c.PublicURL)).stdout
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Errorf("the console has another definition: %.300s", diff)
	}
}
