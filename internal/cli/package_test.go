package cli

import (
	"archive/zip"
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPackage checks where each form goes.
func TestPackage(t *testing.T) {
	paconn := []string{"apiDefinition.swagger.json", "apiProperties.json", "icon.png", "settings.json"}
	for line, want := range map[string][]string{
		"--form paconn":             paconn,
		"--form paconn --zip":       {"paconn.zip"},
		"--form solution":           {"PartnerCenterConnector.zip"},
		"--form solution --managed": {"PartnerCenterConnector.zip"},
		"--form solution --zip":     {"PartnerCenterConnector.zip"},
		"--form arm": {"apiDefinition.swagger.json", "apiProperties.json", "azuredeploy.json", "icon.png",
			"main.bicep"},
		"--form independent-publisher": {"apiDefinition.swagger.json", "apiProperties.json", "readme.md"},
		"--form all --zip --managed --sign-in caller --connector-client-id 9a1b2c3d-1234-4f89-91d3-0305e82c3302": {
			"arm/arm.zip", "independent-publisher/independent-publisher.zip", "pac/pac.zip", "paconn/paconn.zip",
			"solution/PartnerCenterConnector.zip"},
		"--form all --zip": {"arm/arm.zip", "independent-publisher/independent-publisher.zip", "pac/pac.zip",
			"paconn/paconn.zip", "solution/PartnerCenterConnector.zip"},
		"--mcp --form solution":  {"PartnerCenterConnector.zip"},
		"--mcp --form paconn":    slices.Concat(below("paconn", paconn), below("paconn-mcp", paconn)),
		"--mcp --form arm --zip": {"arm/arm.zip", "arm-mcp/arm-mcp.zip"},
		"--mcp --zip --sign-in entra": {"arm/arm.zip", "arm-mcp/arm-mcp.zip",
			"independent-publisher/independent-publisher.zip",
			"independent-publisher-mcp/independent-publisher-mcp.zip", "pac/pac.zip",
			"pac-mcp/pac-mcp.zip", "paconn/paconn.zip", "paconn-mcp/paconn-mcp.zip",
			"solution/PartnerCenterConnector.zip"},
	} {
		t.Run(line, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			got := run(t, "package --host connector.contoso.com "+line+" --out "+out, environment())
			if got.status != ExitOK || !strings.Contains(got.stdout, "  next: ") {
				t.Fatalf("%+v", got)
			}
			files := filesBelow(t, out)
			slices.Sort(want)
			if slices.Sort(files); !slices.Equal(files, want) {
				t.Errorf("got %v, want %v", files, want)
			}
		})
	}
	t.Run("all forms by default", func(t *testing.T) {
		out := t.TempDir()
		if got := run(t, "package --unpacked --out "+out, environment()); got.status != ExitOK {
			t.Fatalf("%+v", got)
		}
		files := filesBelow(t, out)
		for _, name := range []string{"paconn/settings.json", "pac/settings.json", "arm/main.bicep",
			"independent-publisher/readme.md", "solution/solution.xml"} {
			if !slices.Contains(files, name) {
				t.Errorf("no %s in %v", name, files)
			}
		}
	})
}

// below returns the paths of files in a folder.
func below(folder string, names []string) (paths []string) {
	for _, name := range names {
		paths = append(paths, folder+"/"+name)
	}
	return paths
}

// filesBelow returns the files below a folder, sorted.
func filesBelow(t *testing.T, folder string) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestPackageHasTheDefinition checks that a package and the command definition agree.
func TestPackageHasTheDefinition(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	environment := environment("CONNECTOR_PUBLIC_URL=https://connector.contoso.com", "CONNECTOR_SIGN_IN=entra",
		"CONNECTOR_AUDIENCE=api://connector", "CONNECTOR_TENANT_ID=5c3f0f4e-7b60-4b7f-9d5e-1f0a2b3c4d5e")
	if got := run(t, "package --form pac --title Contoso --out "+out, environment); got.status != ExitOK {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(filepath.Join(out, "apiDefinition.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := run(t, "definition --title Contoso --tenant-id common", environment).stdout
	if string(text) != want {
		t.Error("the package has another definition")
	}
}

// TestPackageMCP checks that the packages have the definition of the MCP connector too, with a title of its
// own, and that two runs write the same.
func TestPackageMCP(t *testing.T) {
	environment := environment("CONNECTOR_PUBLIC_URL=https://connector.contoso.com", "CONNECTOR_SIGN_IN=entra",
		"CONNECTOR_AUDIENCE=api://connector,https://connector.contoso.com/mcp")
	first, second := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "out")
	for _, out := range []string{first, second} {
		if got := run(t, "package --mcp --unpacked --title Contoso --out "+out, environment); got.status != ExitOK {
			t.Fatalf("%+v", got)
		}
	}
	for _, name := range filesBelow(t, first) {
		one, two := readFile(t, filepath.Join(first, name)), readFile(t, filepath.Join(second, name))
		if one != two {
			t.Errorf("two runs write another %s", name)
		}
	}
	for name, flags := range map[string][]string{
		"pac/apiDefinition.json":                {"--title", "Contoso"},
		"pac-mcp/apiDefinition.json":            {"--mcp", "--title", "Contoso MCP"},
		"arm-mcp/apiDefinition.swagger.json":    {"--mcp", "--title", "Contoso MCP"},
		"paconn-mcp/apiDefinition.swagger.json": {"--mcp", "--title", "Contoso MCP"},
	} {
		var stdout, stderr bytes.Buffer
		Run(t.Context(), append([]string{"definition"}, flags...), environment, &stdout, &stderr)
		if readFile(t, filepath.Join(first, name)) != stdout.String() {
			t.Errorf("%s is not what definition %v prints, %s", name, flags, &stderr)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPackageWarnings checks that nothing that was not chosen goes unsaid.
func TestPackageWarnings(t *testing.T) {
	const chosen = " --title Contoso --contact-name IT --contact-email it@contoso.com" +
		" --contact-url https://contoso.com/it --website https://contoso.com" +
		" --privacy-url https://contoso.com/privacy --host connector.contoso.com"
	for name, test := range map[string]struct {
		line string
		want []string
	}{
		"nothing chosen": {"--form paconn", []string{
			"the host in the definition is a placeholder: set CONNECTOR_PUBLIC_URL or --host",
			"set --contact-email, --contact-name, --contact-url, --privacy-url",
			"set --brand-color, --icon, --title, --website"}},
		"everything chosen": {"--form all --icon " + drawIcon(t, color.Black, color.Black) + chosen, nil},
		"an audience and a client missing": {
			"--form all --sign-in entra --icon " + drawIcon(t, color.Black, color.Black) + chosen,
			[]string{"CONNECTOR_AUDIENCE", "set --connector-client-id"}},
		"a client missing for callers": {
			"--form arm --sign-in caller --icon " + drawIcon(t, color.Black, color.Black) + chosen,
			[]string{"set --connector-client-id"}},
		"one detail of the contact missing": {
			"--form independent-publisher" + strings.Replace(chosen, "--contact-email it@contoso.com", "", 1),
			[]string{"placeholder: set --contact-email\n"}},
		"an icon with a frame of another color": {
			"--form pac --brand-color #0a5f63 --icon " + drawIcon(t, color.Black, color.Black) + chosen,
			[]string{"the icon's border is not the brand color #0a5f63"}},
		"an icon with a mixed border": {
			"--form pac --brand-color #000000 --icon " + drawIcon(t, color.Black, color.White) + chosen,
			[]string{"the icon's border is not the brand color #000000"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, "package "+test.line+" --out "+filepath.Join(t.TempDir(), "out"), environment())
			if got.status != ExitOK || strings.Count(got.stderr, "connector: warning: ") != len(test.want) ||
				strings.Count(got.stderr, "\n") != len(test.want) {
				t.Errorf("%+v", got)
			}
			for _, want := range test.want {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("no %q in\n%s", want, got.stderr)
				}
			}
		})
	}
}

// drawIcon writes an icon with its left and its right half in two colors, and returns its path.
func drawIcon(t *testing.T, left, right color.Color) string {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 100, 100))
	draw.Draw(picture, picture.Rect, image.NewUniform(right), image.Point{}, draw.Src)
	draw.Draw(picture, image.Rect(0, 0, 50, 100), image.NewUniform(left), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "icon.png")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPackageMistakes checks that a mistake ends with status 2 and leaves nothing behind.
func TestPackageMistakes(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.png")
	if err := os.WriteFile(text, []byte("not a picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"--form zip":                                                 `form "zip": want one of [paconn pac independent`,
		"--form pac --managed":                                       "--managed is for --form solution",
		"--form arm --unpacked":                                      "--unpacked is for --form solution",
		"--form solution --unpacked --zip":                           "--zip cannot be combined with --unpacked",
		"--form independent-publisher --icon x.png":                  "--icon is not for independent",
		"--form independent-publisher --brand-color #000000":         "--brand-color is not for independent",
		"--connector-client-id 9a1b2c3d-1234-4f89-91d3-0305e82c3302": "--connector-client-id is for --sign-in",
		"--brand-color teal":                                         `brand color "teal"`,
		"--title Contoso.":                                           `title "Contoso."`,
		"--sign-in entra --connector-client-id me":                   `client ID "me"`,
		"--host https://a.example":                                   `host "https://a.example"`,
		"--sign-in api-key,entra":                                    "a definition has one way",
		"--icon " + text:                                             "the icon is not a readable PNG file",
		"--icon " + text + ".none":                                   "text.png.none",
		"--title ! --brand-color teal":                               `title "!"`,
		"--brand-color teal --host a/b":                              `host "a/b"`,
		"--mcp --sign-in caller":                                     "--mcp with sign-in caller",
		"--mcp --title Contoso-Partner-Center-Reader":                `title "Contoso-Partner-Center-Reader MCP"`,
	} {
		t.Run(line, func(t *testing.T) {
			folder := t.TempDir()
			got := run(t, "package "+line+" --out "+filepath.Join(folder, "out"), environment())
			if got.status != ExitUsage || got.stdout != "" || !strings.Contains(got.stderr, want) {
				t.Errorf("%+v", got)
			}
			if entries, _ := os.ReadDir(folder); len(entries) > 0 {
				t.Errorf("%d entries are left", len(entries))
			}
		})
	}
	t.Run("all at once", func(t *testing.T) {
		got := run(t, "package --form foo --icon /nowhere --brand-color teal --host a/b --managed --out "+t.TempDir(),
			environment("CONNECTOR_CLOUD=moon"))
		for _, want := range []string{
			`form "foo"`, "icon /nowhere", `brand color "teal"`, "--managed is", `cloud "moon"`,
		} {
			if got.status != ExitUsage || !strings.Contains(got.stderr, want) {
				t.Errorf("no %q in %+v", want, got)
			}
		}
	})
	t.Run("all but the sign-in at once", func(t *testing.T) {
		var stdout, stderr bytes.Buffer
		status := Run(t.Context(), []string{"package", "--form", "foo", "--icon", "/nowhere", "--brand-color", "teal",
			"--host", "a/b", "--title", "!", "--out", ""}, environment(), &stdout, &stderr)
		for _, want := range []string{
			`form "foo"`, "icon /nowhere", `brand color "teal"`, `host "a/b"`, `title "!"`, "--out is empty",
		} {
			if status != ExitUsage || !strings.Contains(stderr.String(), want) {
				t.Errorf("no %q in %s", want, &stderr)
			}
		}
	})
	t.Run("a publisher without letters", func(t *testing.T) {
		got := run(t, "package --contact-name !! --out "+t.TempDir(), environment())
		if got.status != ExitUsage || !strings.Contains(got.stderr, "names the publisher") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a folder in use", func(t *testing.T) {
		folder := filepath.Dir(text)
		got := run(t, "package --out "+folder, environment())
		if got.status != ExitUsage || !strings.Contains(got.stderr, "exists and is not an empty folder") ||
			!slices.Equal(filesBelow(t, folder), []string{"text.png"}) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("an empty name of a folder", func(t *testing.T) {
		t.Chdir(t.TempDir())
		var stdout, stderr bytes.Buffer
		status := Run(t.Context(), []string{"package", "--out", ""}, environment(), &stdout, &stderr)
		if status != ExitUsage || !strings.Contains(stderr.String(), "--out is empty") || len(filesBelow(t, ".")) > 0 {
			t.Errorf("%d, %s", status, &stderr)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		got := run(t, "package", environment())
		if got.status != ExitUsage || !strings.Contains(got.stderr, "--out") {
			t.Errorf("%+v", got)
		}
	})
}

// TestPackageTenant checks that a tenant's ID in an option is a warning.
func TestPackageTenant(t *testing.T) {
	const tenant = "5C3F0F4E-7b60-4b7f-9d5e-1f0a2b3c4d5e"
	variables := environment("CONNECTOR_TENANT_ID="+tenant, "CONNECTOR_SIGN_IN=entra")
	for audience, warned := range map[string]bool{
		"api://contoso": false, "api://" + strings.ToLower(tenant) + "/a": true,
	} {
		got := run(t, "package --form solution --audience "+audience+" --out "+t.TempDir(), variables)
		if got.status != ExitOK || strings.Contains(got.stderr, "your tenant's ID is in the package") != warned {
			t.Errorf("%s: %+v", audience, got)
		}
	}
}

// TestPackageNextStep checks that the next step fits what was written.
func TestPackageNextStep(t *testing.T) {
	for line, want := range map[string]string{
		"--form paconn":              "next: paconn login, then",
		"--form paconn --zip":        "next: unpack paconn.zip; paconn login, then",
		"--form solution --zip":      "next: import it",
		"--form solution --unpacked": "next: zip what is in this folder",
		"--form pac --mcp":           "pac-mcp\n  next: pac auth create, then",
		"--form pac --mcp --zip":     "pac-mcp\n  next: unpack pac-mcp.zip; pac auth create, then",
	} {
		if got := run(t, "package "+line+" --out "+t.TempDir(), environment()); !strings.Contains(got.stdout, want) {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

// TestPackageZip checks that the archive of a solution has its parts at the top.
func TestPackageZip(t *testing.T) {
	out := t.TempDir()
	if got := run(t, "package --form solution --out "+out, environment()); got.status != ExitOK {
		t.Fatalf("%+v", got)
	}
	r, err := zip.OpenReader(filepath.Join(out, "PartnerCenterConnector.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var names []string
	for _, entry := range r.File {
		names = append(names, entry.Name)
	}
	if !slices.Contains(names, "solution.xml") || !slices.Contains(names, "[Content_Types].xml") ||
		!slices.IsSorted(names) {
		t.Error(names)
	}
}
