package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// processWide are functions that read or change what all of the process shares, with the files that
// may call them.
var processWide = map[string][]string{
	"os.Getenv":              {"internal/cli/process.go", "internal/cli/run.go", "internal/traces/traces.go"},
	"os.LookupEnv":           nil,
	"os.Environ":             {"internal/cli/settings.go"},
	"os.Setenv":              nil,
	"os.Unsetenv":            nil,
	"os.Clearenv":            nil,
	"os.Chdir":               nil,
	"debug.SetMemoryLimit":   {"internal/cli/process.go"},
	"gin.SetMode":            {"internal/cli/process.go"},
	"log.SetOutput":          {"internal/cli/process.go"},
	"otel.SetErrorHandler":   {"internal/cli/process.go"},
	"otel.SetLogger":         {"internal/cli/process.go"},
	"otel.SetTracerProvider": nil,
	"signal.Ignore":          {"internal/cli/process.go"},
	"signal.Notify":          nil,
	"signal.NotifyContext":   {"internal/cli/run.go"},
	"slog.SetDefault":        nil,
}

// TestProcessWide finds effects on the process in the code of the service, which stand in
// process.go alone.
func TestProcessWide(t *testing.T) {
	found := make(map[string]bool)
	for _, folder := range []string{"cmd", "internal", "gen", "openapi"} {
		err := filepath.WalkDir(filepath.Join("../..", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			relative, err := filepath.Rel("../..", path)
			if err != nil || strings.HasPrefix(filepath.ToSlash(relative), "internal/e2e/") {
				return err
			}
			return findCalls(path, func(function string) {
				allowed, isListed := processWide[function]
				found[function] = true
				if isListed && !slices.Contains(allowed, filepath.ToSlash(relative)) {
					t.Errorf("%s calls %s", relative, function)
				}
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for function, allowed := range processWide {
		if len(allowed) > 0 && !found[function] {
			t.Errorf("%s is called nowhere", function)
		}
	}
}

// findCalls calls report with every name in a file that is qualified by a package or a variable.
func findCalls(path string, report func(string)) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if qualifier, ok := selector.X.(*ast.Ident); ok {
				report(qualifier.Name + "." + selector.Sel.Name)
			}
		}
		return true
	})
	return nil
}
