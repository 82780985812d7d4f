// Package schemas compiles Microsoft's JSON schemas for tests. The repository does not contain them:
// two variables name the folders with copies, and a test that needs one is skipped without.
package schemas

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Names of the variables.
const (
	PlatformVariable = "CONNECTOR_PLATFORM_SCHEMAS" // of the Power Platform, without their comments
	AzureVariable    = "CONNECTOR_ARM_SCHEMAS"      // of Azure: API-VERSION_PROVIDER.json and common_definitions.json
)

// Platform returns a schema of the Power Platform by the name of its file.
func Platform(t testing.TB, file string) *jsonschema.Schema {
	t.Helper()
	return compile(t, filepath.Join(folder(t, PlatformVariable), file), nil)
}

const azureHost = "https://schema.management.azure.com"

// Azure returns the schema of a resource, such as Microsoft.Web/customApis in the version 2016-06-01.
func Azure(t testing.TB, kind, apiVersion string) *jsonschema.Schema {
	t.Helper()
	provider, resource, _ := strings.Cut(kind, "/")
	url := fmt.Sprintf("%s/schemas/%s/%s.json#/resourceDefinitions/%s", azureHost, apiVersion, provider,
		strings.ReplaceAll(resource, "/", "_"))
	return compile(t, url, azureFolder(folder(t, AzureVariable)))
}

func folder(t testing.TB, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("%s does not name a folder with Microsoft's schemas", variable)
	}
	return path
}

func compile(t testing.TB, url string, loader jsonschema.URLLoader) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(ECMAScript)
	if loader != nil {
		c.UseLoader(loader)
	}
	schema, err := c.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// azureFolder loads Azure's schemas from a folder.
type azureFolder string

// Load returns the schema with an address.
func (f azureFolder) Load(url string) (any, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(url, azureHost+"/schemas/"), "/")
	file, err := os.Open(filepath.Join(string(f), strings.ReplaceAll(name, "/", "_")))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return jsonschema.UnmarshalJSON(file)
}

// ECMAScript compiles a pattern as browsers and schemas read it. Go's regexp does not know lookahead,
// such as ^x-(?!ms-).
func ECMAScript(pattern string) (jsonschema.Regexp, error) {
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript)
	return (*ecmaScript)(re), err
}

type ecmaScript regexp2.Regexp

// MatchString reports whether text has a match.
func (r *ecmaScript) MatchString(text string) bool {
	ok, err := (*regexp2.Regexp)(r).MatchString(text)
	return ok && err == nil
}

// String returns the pattern.
func (r *ecmaScript) String() string { return (*regexp2.Regexp)(r).String() }
