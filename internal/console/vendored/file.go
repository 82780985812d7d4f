package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
)

// A file is a file of a package that the repository has a copy of. Path, Package and Source say what
// to copy; refresh sets the other fields.
type file struct {
	Path    string `json:"path"`    // of the copy, from the root of the module
	Package string `json:"package"` // name in npm
	Source  string `json:"source"`  // path in the package
	Version string `json:"version"`
	License string `json:"license"` // SPDX expression
	SHA256  string `json:"sha256"`  // of the copy, in hexadecimal
}

// refresh copies f from the installed package and sets the version, license and hash.
func (f *file) refresh(root string) error {
	folder := filepath.Join(root, modulesDir, filepath.FromSlash(f.Package))
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return err
	}
	var manifest struct{ Version, License string }
	if err := json.Unmarshal(text, &manifest); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(f.Source)))
	if err != nil {
		return err
	}
	content = withoutSourceMap(content)
	f.Version, f.License, f.SHA256 = manifest.Version, manifest.License, hash(content)
	return write(filepath.Join(root, filepath.FromSlash(f.Path)), content)
}

// sourceMap matches a comment with the URL of a source map at the end of a script or a style sheet.
var sourceMap = regexp.MustCompile(`(//|/\*)[#@] sourceMappingURL=\S+(\s*\*/)?\s*$`)

// withoutSourceMap returns content without the URL of its source map. The repository has no source
// maps, and the developer tools of a browser would request them.
func withoutSourceMap(content []byte) []byte { return sourceMap.ReplaceAll(content, nil) }

// hash returns the SHA-256 of content in hexadecimal.
func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// write writes a file. It creates the folder if necessary.
func write(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}
