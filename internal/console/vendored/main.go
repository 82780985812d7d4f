// Command vendored copies the libraries of the console from npm packages into the repository. Run it
// with make console-libraries, which installs the packages that package.json pins, or as
// go run ./internal/console/vendored in the root of the module. It copies the files that files.json
// lists and writes their versions, licenses and hashes into it. A copy has the bytes that were
// published, except that it has no comment with the URL of a source map. The same packages give the
// same files. It does not delete files that are no longer listed: the tests report them.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

const (
	listFile   = "internal/console/vendored/files.json"
	modulesDir = "internal/console/vendored/node_modules"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "vendored:", err)
		os.Exit(1)
	}
}

// run copies the listed files and rewrites the list. The root of the module is in the folder root.
func run(root string) error {
	files, err := readList(filepath.Join(root, listFile))
	if err != nil {
		return err
	}
	for i := range files {
		if err := files[i].refresh(root); err != nil {
			return fmt.Errorf("copy %s of %s: %w", files[i].Source, files[i].Package, err)
		}
	}
	return writeList(filepath.Join(root, listFile), files)
}

// readList reads a list of files, as writeList writes it.
func readList(name string) ([]file, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var files []file
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&files); err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	return files, nil
}

// writeList writes a list of files as indented JSON.
func writeList(name string, files []file) error {
	text, err := json.MarshalIndent(files, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}
