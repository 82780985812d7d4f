package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	folder := t.TempDir()
	put := func(name, content string) {
		t.Helper()
		if err := write(filepath.Join(folder, name), []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	put(modulesDir+"/@contoso/lib/package.json", `{"name": "@contoso/lib", "version": "1.2.3", "license": "MIT"}`)
	put(modulesDir+"/@contoso/lib/dist/index.js", "export let a\n//# sourceMappingURL=index.js.map\n")
	put(listFile, `[{"path": "static/lib/index.js", "package": "@contoso/lib", "source": "dist/index.js"}]`)
	if err := run(folder); err != nil {
		t.Fatal(err)
	}

	copied, err := os.ReadFile(filepath.Join(folder, "static/lib/index.js"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "export let a\n"; string(copied) != want {
		t.Errorf("copied %q, want %q", copied, want)
	}
	files, err := readList(filepath.Join(folder, listFile))
	if err != nil {
		t.Fatal(err)
	}
	want := file{Path: "static/lib/index.js", Package: "@contoso/lib", Source: "dist/index.js",
		Version: "1.2.3", License: "MIT", SHA256: hash(copied)}
	if (len(files) != 1) || (files[0] != want) {
		t.Errorf("files.json has %+v, want %+v", files, want)
	}
}

func TestRunErrors(t *testing.T) {
	const entry = `[{"path": "a.js", "package": "lib", "source": "a.js"}]`
	for _, test := range []struct{ name, list, manifest, want string }{
		{"a package that is not installed", entry, "", "copy a.js of lib: open "},
		{"a manifest that is not JSON", entry, "{", "copy a.js of lib: unexpected end"},
		{"a file that the package lacks", entry, "{}", "copy a.js of lib: open "},
		{"an unknown field", `[{"file": "a.js"}]`, "{}", `unknown field "file"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := write(filepath.Join(folder, listFile), []byte(test.list)); err != nil {
				t.Fatal(err)
			}
			if test.manifest != "" {
				name := filepath.Join(folder, modulesDir, "lib", "package.json")
				if err := write(name, []byte(test.manifest)); err != nil {
					t.Fatal(err)
				}
			}
			err := run(folder)
			if (err == nil) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("run returned %v, want %q", err, test.want)
			}
		})
	}
}

func TestWithoutSourceMap(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"a script", "a()\n//# sourceMappingURL=a.js.map\n", "a()\n"},
		{"a style sheet", "a{}\n/*# sourceMappingURL=a.css.map */", "a{}\n"},
		{"a style sheet on one line", "a{}/*# sourceMappingURL=a.css.map*/\n", "a{}"},
		{"the old form", "a()\r\n//@ sourceMappingURL=a.js.map", "a()\r\n"},
		{"no comment", "a() // a\n", "a() // a\n"},
		{"a comment before code", "//# sourceMappingURL=a.js.map\na()\n", "//# sourceMappingURL=a.js.map\na()\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(withoutSourceMap([]byte(test.content))); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
