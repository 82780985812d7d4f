package registration

import (
	"bytes"
	"embed"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/partner-center/connector/internal/definition"
)

// Identity of the connectors in a solution. It is the same for every host, sign-in and version, so
// that an import updates the connector that is there, and flows and agents can refer to it.
const (
	SolutionName     = "PartnerCenterConnector"
	ConnectorGUID    = "c2cc9f3f-0a66-44d3-9053-22ad3acb5e08" // of the actions
	ConnectorName    = prefix + "_partnercenter"
	MCPConnectorGUID = "cf2f6487-7c8c-494e-a5da-f1bb13a7a347"
	MCPConnectorName = prefix + "_partnercentermcp"

	prefix            = "pcc"
	optionValuePrefix = 46721
)

var (
	actionsIdentity = identity{
		guid: ConnectorGUID, name: ConnectorName, azureName: "partner-center",
		resourceVariable: variable{Name: prefix + "_PartnerCenterResource", DisplayName: "Partner Center resource"},
	}
	mcpIdentity = identity{
		guid: MCPConnectorGUID, name: MCPConnectorName, azureName: "partner-center-mcp", suffix: "-mcp",
		resourceVariable: variable{Name: prefix + "_PartnerCenterMCPResource",
			DisplayName: "Partner Center MCP resource"},
	}
)

// Types of environment variables:
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/environmentvariabledefinition.
const (
	textVariable   = 100000000
	secretVariable = 100000005 // a reference to a secret in Azure Key Vault
)

// A variable is an environment variable of a solution.
type variable struct {
	Name        string
	DisplayName string
	Description string
	Type        int
	Default     string // empty: asked for at import
}

// expression returns the text that the platform replaces by the variable's value when the connector
// is saved: https://learn.microsoft.com/connectors/custom-connectors/environment-variables.
func (v variable) expression() string { return fmt.Sprintf("@environmentVariables(%q)", v.Name) }

// Descriptions of what is entered when a package is registered.
const (
	hostDescription     = "Host name of the service, without https://, such as connector.contoso.com."
	keyDescription      = "API key of the connection, as connector keys add prints it."
	clientIDDescription = "Application (client) ID of the app registration with which makers sign in."
	secretDescription   = "Secret of that app registration."
	nameDescription     = "Name of the connector in Azure."
	locationDescription = "Region of the Logic Apps that use the connector."
)

// variables returns the variables of the solution: the host, and for Entra ID the connector's own
// app registration.
func (b *Builder) variables() (host variable, app []variable) {
	host = variable{
		Name: prefix + "_PartnerCenterHost", DisplayName: "Partner Center host", Type: textVariable,
		Description: hostDescription,
		Default:     b.Definition.Host,
	}
	if b.Definition.SignIn == definition.APIKey {
		return host, nil
	}
	resourceDescription := "Application ID URI of the service's app registration, such as api://GUID; its client ID, " +
		"if makers sign in with the same registration."
	if b.Definition.SignIn == definition.Caller {
		resourceDescription = "Address of Partner Center, which tokens are for."
	}
	resource := b.resourceVariable
	resource.Type, resource.Description, resource.Default = textVariable, resourceDescription, b.resource()
	if resource.Default == definition.NoResource {
		resource.Default = ""
	}
	return host, []variable{
		{
			Name: prefix + "_PartnerCenterClientId", DisplayName: "Partner Center client ID", Type: textVariable,
			Description: clientIDDescription,
			Default:     b.ClientID,
		},
		{
			Name: prefix + "_PartnerCenterClientSecret", DisplayName: "Partner Center client secret",
			Type:        secretVariable,
			Description: secretDescription + " It is a reference to Azure Key Vault.",
		},
		resource,
		{
			Name: prefix + "_PartnerCenterTenant", DisplayName: "Partner Center tenant", Type: textVariable,
			Description: "ID of the tenant whose accounts sign in; common, if the app registration is multitenant.",
			Default:     anyTenant,
		},
	}
}

//go:embed templates
var templates embed.FS

// pages are the templates of all forms.
var pages = template.Must(template.New("").Funcs(template.FuncMap{"xml": escapeXML}).
	ParseFS(templates, "templates/*"))

// render fills in a template.
func render(name string, data any) ([]byte, error) {
	var out bytes.Buffer
	err := pages.ExecuteTemplate(&out, name, data)
	return out.Bytes(), err
}

// escapeXML returns text for an element or an attribute.
func escapeXML(text string) (string, error) {
	var out strings.Builder
	err := xml.EscapeText(&out, []byte(text))
	return out.String(), err
}

// A component is a connector in a solution.
type component struct {
	GUID, Name         string
	Title, Description string
	files              []File
	variables          []variable // that the files refer to
}

// solution returns the parts of a solution with all connectors, as they lie in its zip.
func solution(b *Builder) ([]File, error) {
	var components []component
	var files []File
	var variables []variable
	for _, connector := range b.connectors() {
		c, err := connector.component()
		if err != nil {
			return nil, err
		}
		components = append(components, c)
		files = append(files, c.files...)
		for _, v := range c.variables {
			if !slices.Contains(variables, v) {
				variables = append(variables, v)
			}
		}
	}
	about := map[string]any{
		"Solution": SolutionName, "Connectors": components, "Info": components[0],
		"Color": strings.ToLower(b.BrandColor), "Version": solutionVersion(b.Version), "Managed": b.Managed,
		"Prefix": prefix, "OptionValuePrefix": optionValuePrefix, "Variables": variables,
		"Publisher": b.Definition.Info,
	}
	for _, name := range []string{"[Content_Types].xml", "solution.xml", "customizations.xml"} {
		content, err := render(name, about)
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, content})
	}
	for _, v := range variables {
		content, err := render("environmentvariabledefinition.xml", v)
		if err != nil {
			return nil, err
		}
		files = append(files, File{"environmentvariabledefinitions/" + v.Name + "/environmentvariabledefinition.xml",
			content})
	}
	return files, nil
}

// component returns the connector as a solution has it.
func (b *Builder) component() (component, error) {
	host, registration := b.variables()
	text, err := b.withHost(host.expression())
	if err != nil {
		return component{}, err
	}
	parsed, err := summarize(text)
	if err != nil {
		return component{}, err
	}
	var a app
	if len(registration) > 0 {
		a = app{registration[0].expression(), registration[1].expression(), registration[2].expression(),
			registration[3].expression()}
	}
	parameters, err := encode(b.connectionParameters(a))
	if err != nil {
		return component{}, err
	}
	policies, err := encode(policies(parsed))
	if err != nil {
		return component{}, err
	}
	path := "Connector/" + b.name
	return component{
		GUID: b.guid, Name: b.name, Title: parsed.Info.Title, Description: parsed.Info.Description,
		files: []File{
			{path + "_openapidefinition.json", text},
			{path + "_iconblob.Png", b.Icon},
			{path + "_connectionparameters.json", parameters},
			{path + "_policytemplateinstances.json", policies},
		},
		variables: append([]variable{host}, registration...),
	}, nil
}

// releaseForm matches the version of a release. Those of candidates and of other commits have more.
var releaseForm = regexp.MustCompile(`^v?(\d+)\.(\d+)\.(\d+)$`)

// solutionVersion returns a version of four numbers, as solutions have, for the version of a program.
// A program that is no release makes solutions that any release replaces.
func solutionVersion(version string) string {
	parts := releaseForm.FindStringSubmatch(version)
	if parts == nil {
		return "0.0.0.1"
	}
	return strings.Join(parts[1:], ".") + ".0"
}
