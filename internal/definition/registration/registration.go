// Package registration writes what registers the connector with the platform: files for Microsoft's
// command-line tools, a solution, templates for Azure, and a folder for the public repository of
// connectors. Every form holds the same definition, byte for byte except for the host. The same
// options always give the same bytes, and no form has a secret, or the ID of a tenant that no option
// holds. The connector of the MCP tools can be registered beside that of the actions. The package writes
// to the disk only in Write; warning about placeholders is left to the caller.
package registration

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/definition"
)

// A Form is a way to register the connector.
type Form string

// The forms.
const (
	Paconn      Form = "paconn"                // for paconn, the command-line tool of the connectors' repository
	Pac         Form = "pac"                   // for pac, the Power Platform CLI
	Independent Form = "independent-publisher" // for a pull request to the repository of public connectors
	Solution    Form = "solution"              // a Dataverse solution
	ARM         Form = "arm"                   // for Logic Apps: an Azure template, and the same in Bicep
)

// Forms returns all forms, in the order in which documents list them.
func Forms() []Form { return []Form{Paconn, Pac, Independent, Solution, ARM} }

// Options holds an operator's choices.
type Options struct {
	// Definition describes the connector. Its tenant is not used: accounts of any tenant are asked to
	// sign in, and the service decides which may call.
	Definition definition.Options

	MCP *MCP // the connector of the MCP tools; nil: packages have that of the actions alone

	ClientID   string // of the connector's own app registration, for Entra ID; empty: NoClientID
	Icon       []byte // PNG
	BrandColor string // "#rrggbb", the background of the icon
	Version    string // of the solution, as this program states its own, such as v0.2.0
	Managed    bool   // whether the solution is managed
}

// MCP describes the connector of the MCP tools.
type MCP struct {
	Spec       []byte             // OpenAPI 3.0
	Definition definition.Options // as that of the actions, but for title and resource
}

// NoClientID stands in forms without variables for an app registration that is not known. It belongs
// to none, so that a sign-in with it fails.
const NoClientID = "00000000-0000-0000-0000-000000000000"

// anyTenant asks accounts of any tenant to sign in. The forms travel between tenants; a solution has a
// variable for it.
const anyTenant = "common"

// A File is a part of a package. Its path is relative, with forward slashes.
type File struct {
	Path    string
	Content []byte
}

// A Package registers a connector in one form; a solution registers all.
type Package struct {
	Name  string // that of the form, with a suffix for the MCP tools
	Form  Form
	Files []File // sorted by path
}

// A Builder builds packages of one connector. It is safe for concurrent use.
type Builder struct {
	Options
	identity
	spec     []byte
	own      []byte   // the definition with the operator's host
	toItself bool     // whether the connector's app registration is that of the service
	mcp      *Builder // of the MCP tools; nil: none
}

// An identity has the names of a connector. They are the same for every host, sign-in and version.
type identity struct {
	guid, name       string // in Dataverse
	resourceVariable variable
	azureName        string // by default
	suffix           string // of the names of packages
}

// New returns a Builder for spec, the connector's OpenAPI 3.0 document. An error joins one error per
// invalid option.
func New(spec []byte, o Options) (*Builder, error) {
	b, err := newBuilder(spec, o, actionsIdentity)
	if err := errors.Join(o.Validate(), err); err != nil {
		return nil, err
	}
	b.toItself = o.ClientID != "" && strings.EqualFold(o.Definition.OAuth.Resource, "api://"+o.ClientID)
	if o.MCP == nil {
		return b, nil
	}
	o.Definition = o.MCP.Definition
	if b.mcp, err = newBuilder(o.MCP.Spec, o, mcpIdentity); err != nil {
		return nil, err
	}
	b.mcp.toItself = b.toItself
	return b, nil
}

func newBuilder(spec []byte, o Options, i identity) (*Builder, error) {
	o.Definition.OAuth.Tenant = anyTenant
	own, err := definition.Generate(spec, o.Definition)
	return &Builder{Options: o, identity: i, spec: spec, own: own}, err
}

// connectors returns the builders of all connectors, that of the actions first.
func (b *Builder) connectors() []*Builder {
	if b.mcp == nil {
		return []*Builder{b}
	}
	return []*Builder{b, b.mcp}
}

// Packages returns the packages of a form: a solution with all connectors, or one package for each
// connector.
func (b *Builder) Packages(form Form) ([]Package, error) {
	connectors := b.connectors()
	if form == Solution {
		connectors = connectors[:1]
	}
	var all []Package
	for _, c := range connectors {
		files, err := c.files(form)
		if err != nil {
			return nil, err
		}
		all = append(all, Package{string(form) + c.suffix, form, files})
	}
	return all, nil
}

// files returns the files of a package, sorted by path.
func (b *Builder) files(form Form) ([]File, error) {
	build, ok := map[Form]func(*Builder) ([]File, error){
		Paconn: paconn, Pac: pac, Independent: independent, Solution: solution, ARM: arm,
	}[form]
	if !ok {
		return nil, fmt.Errorf("form %q: want one of %v", form, Forms())
	}
	files, err := build(b)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}

// withHost returns the definition with an expression of the platform as its host.
func (b *Builder) withHost(expression string) ([]byte, error) {
	o := b.Definition
	o.HostExpression = expression
	return definition.Generate(b.spec, o)
}

var (
	colorForm = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
	guidForm  = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
)

// reservedColors are the platform's default and white, on which its icons do not show:
// https://learn.microsoft.com/connectors/custom-connectors/certification-submission.
var reservedColors = []string{"#007ee5", "#ffffff"}

// Validate returns an error that joins one error per invalid option, except those of the definition.
func (o Options) Validate() error {
	var wrong []error
	if !colorForm.MatchString(o.BrandColor) || slices.Contains(reservedColors, strings.ToLower(o.BrandColor)) {
		wrong = append(wrong, fmt.Errorf("brand color %q: want six hex digits after #, such as #0b5351, and neither "+
			"white nor the platform's own #007ee5", o.BrandColor))
	}
	if strings.HasPrefix(o.Definition.Host, "@") {
		wrong = append(wrong, fmt.Errorf("host %q: want a host, since a solution has a variable of its own for it",
			o.Definition.Host))
	}
	if o.ClientID != "" && !guidForm.MatchString(o.ClientID) {
		wrong = append(wrong, fmt.Errorf("client ID %q: want a GUID, such as 9a1b2c3d-1234-4f89-91d3-0305e82c3302",
			o.ClientID))
	}
	return errors.Join(wrong...)
}

// A summary has what packages repeat of the definition.
type summary struct {
	Info struct {
		Title       string
		Description string
		Contact     struct{ Name, URL, Email string }
	}
	Paths map[string]map[string]operation
}

type operation struct {
	OperationID string
	Summary     string
	Description string
	Visibility  string          `json:"x-ms-visibility"`
	Pageable    json.RawMessage `json:"x-ms-pageable"`
	Trigger     string          `json:"x-ms-trigger"` // empty: an action
}

// operations returns the IDs of some operations, sorted.
func (s summary) operations(wanted func(operation) bool) (ids []string) {
	for _, path := range s.Paths {
		for _, o := range path {
			if wanted(o) {
				ids = append(ids, o.OperationID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// triggers returns the IDs of the operations that are triggers.
func (s summary) triggers() []string {
	return s.operations(func(o operation) bool { return o.Trigger != "" })
}

// summarize parses a definition.
func summarize(text []byte) (summary, error) {
	var s summary
	err := json.Unmarshal(text, &s)
	return s, err
}
