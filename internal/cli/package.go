package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/definition"
	"github.com/partner-center/connector/internal/definition/registration"
	"github.com/partner-center/connector/internal/icon"
	"github.com/partner-center/connector/openapi"
)

// packageCommand writes packages that register the connector.
type packageCommand struct {
	definitionFlags
	MCP               bool   `env:"-" help:"${package_mcp}"`
	Form              string `env:"-" default:"all" placeholder:"NAME" help:"${package_form}"`
	Out               string `env:"-" required:"" placeholder:"FOLDER" help:"${package_out}"`
	ConnectorClientID string `env:"-" placeholder:"ID" help:"${package_client_id}"`
	Icon              string `env:"-" placeholder:"FILE" help:"${package_icon}"`
	BrandColor        string `env:"-" placeholder:"COLOR" help:"${package_brand_color}"`
	Managed           bool   `env:"-" help:"Make the solution managed."`
	Unpacked          bool   `env:"-" help:"${package_unpacked}"`
	Zip               bool   `env:"-" help:"${package_zip}"`
}

// nextSteps are what to do with a package, by form.
var nextSteps = map[registration.Form]string{
	registration.Paconn: "paconn login, then in this folder: paconn create -s settings.json",
	registration.Pac: "pac auth create, then in this folder: " +
		"pac connector create --settings-file settings.json",
	registration.Independent: "copy it to independent-publisher-connectors in microsoft/PowerPlatformConnectors",
	registration.Solution:    "import it in Power Apps or Power Automate: Solutions, Import solution",
	registration.ARM: "az deployment group create --resource-group GROUP --template-file azuredeploy.json, " +
		"or the same with main.bicep",
}

// Run writes the packages and prints the next step for each. It warns about everything that was not
// chosen.
func (c *packageCommand) Run(con *console) error {
	builder, packages, err := c.packages()
	if c.Out == "" { // such as of an unset variable
		err = errors.Join(err, usageError{errors.New("--out is empty: want a folder")})
	}
	if err != nil {
		return err
	}
	files, err := c.files(packages)
	if err != nil {
		return err
	}
	err = registration.Write(c.Out, files)
	if errors.Is(err, registration.ErrNotEmpty) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	c.warnDefaults(con, builder.Options)
	for _, p := range packages {
		fmt.Fprintf(con.stdout, "%s: %s\n  next: %s\n", p.Name, filepath.Join(c.Out, c.folder(p)), c.nextStep(p))
	}
	return nil
}

// packages returns the packages of all chosen forms, with their builder.
func (c *packageCommand) packages() (*registration.Builder, []registration.Package, error) {
	builder, forms, err := c.builder()
	if err != nil {
		return nil, nil, err
	}
	var packages []registration.Package
	for _, form := range forms {
		built, err := builder.Packages(form)
		if err != nil {
			return nil, nil, usageError{err} // of an option that is wrong for this form alone
		}
		packages = append(packages, built...)
	}
	return builder, packages, nil
}

// files returns the files of packages with their places in the output folder.
func (c *packageCommand) files(packages []registration.Package) ([]registration.File, error) {
	var files []registration.File
	for _, p := range packages {
		packed, err := c.packed(p)
		if err != nil {
			return nil, err
		}
		for _, f := range packed {
			files = append(files, registration.File{Path: path.Join(c.folder(p), f.Path), Content: f.Content})
		}
	}
	return files, nil
}

// archive returns the packages of one form as a zip: that of a solution, or one of all files.
func (c *packageCommand) archive() ([]byte, error) {
	_, packages, err := c.packages()
	if err != nil {
		return nil, err
	}
	files, err := c.files(packages)
	if err != nil {
		return nil, err
	}
	if registration.Form(c.Form) == registration.Solution {
		return files[0].Content, nil
	}
	return registration.Zip(files)
}

// builder returns a builder with the options of the command line, and the forms to build. An error
// joins the mistakes; one in the sign-in or the public URL hides those in the texts of the definition.
func (c *packageCommand) builder() (*registration.Builder, []registration.Form, error) {
	options, definitionErr, iconErr := c.options()
	err := errors.Join(definitionErr, iconErr, c.checkForm())
	if definitionErr != nil { // without a sign-in there is no definition
		if wrong := options.Validate(); wrong != nil {
			err = errors.Join(err, usageError{wrong})
		}
		return nil, nil, err
	}
	builder, wrong := registration.New(openapi.YAML, options)
	if wrong != nil {
		err = errors.Join(err, usageError{wrong}) // the embedded spec is tested, so an option is wrong
	}
	if c.Form == "all" {
		return builder, registration.Forms(), err
	}
	return builder, []registration.Form{registration.Form(c.Form)}, err
}

// nextStep returns what to do with a package as it was written.
func (c *packageCommand) nextStep(p registration.Package) string {
	step := nextSteps[p.Form]
	switch {
	case p.Form == registration.Solution && c.Unpacked:
		step = "zip what is in this folder, without a folder around it, and import the zip"
	case p.Form != registration.Solution && c.Zip:
		step = "unpack " + p.Name + ".zip; " + step
	}
	return step
}

// options converts the flags. One error joins all mistakes in those of the definition, the other is that
// of the icon.
func (c *packageCommand) options() (o registration.Options, definitionErr, iconErr error) {
	actions, definitionErr := c.definitionFlags.options()
	tools, mcpErr := c.tools(actions)
	picture, iconErr := c.icon()
	border, _ := icon.Border(picture)
	return registration.Options{
		Definition: actions,
		MCP:        tools,
		ClientID:   c.ConnectorClientID,
		Icon:       picture,
		BrandColor: cmp.Or(c.BrandColor, border, icon.BrandColor),
		Version:    version(),
		Managed:    c.Managed,
	}, errors.Join(definitionErr, mcpErr), iconErr
}

// tools returns the connector of the MCP tools, given the definition of the actions, or nil without --mcp.
// Its title differs from that of the actions, since makers see both.
func (c *packageCommand) tools(actions definition.Options) (*registration.MCP, error) {
	if !c.MCP {
		return nil, nil
	}
	o, err := c.mcpOptions(actions)
	if o.Info.Title != "" {
		o.Info.Title += " MCP"
	}
	return &registration.MCP{Spec: openapi.MCP, Definition: o}, err
}

// icon returns the operator's icon, or else the project's.
func (c *packageCommand) icon() ([]byte, error) {
	if c.Icon == "" {
		return icon.PNG(), nil
	}
	picture, err := os.ReadFile(c.Icon)
	if err == nil {
		err = icon.Check(picture)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("icon %s: %w", c.Icon, err)}
	}
	return picture, nil
}

// checkForm returns an error unless the form exists and has a use for the flags that belong to one form
// or one sign-in.
func (c *packageCommand) checkForm() error {
	form := registration.Form(c.Form)
	var wrong []error
	if c.Form != "all" && !slices.Contains(registration.Forms(), form) {
		wrong = append(wrong, fmt.Errorf("form %q: want one of %v or all", c.Form, registration.Forms()))
	}
	for _, flag := range []struct {
		name    string
		given   bool
		useless bool
		remedy  string
	}{
		{"--connector-client-id", c.ConnectorClientID != "", c.SignIn == config.APIKey,
			"is for --sign-in entra or caller"},
		{"--managed", c.Managed, c.Form != "all" && form != registration.Solution, "is for --form solution"},
		{"--unpacked", c.Unpacked, c.Form != "all" && form != registration.Solution, "is for --form solution"},
		{"--zip", c.Zip, form == registration.Solution && c.Unpacked, "cannot be combined with --unpacked"},
		{"--icon", c.Icon != "", form == registration.Independent, "is not for independent publishers, who have none"},
		{"--brand-color", c.BrandColor != "", form == registration.Independent,
			"is not for independent publishers, who all have the same"},
	} {
		if flag.given && flag.useless {
			wrong = append(wrong, fmt.Errorf("%s %s", flag.name, flag.remedy))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return usageError{errors.Join(wrong...)}
}

// folder returns where a package goes inside of the output folder. A folder has one connector, since
// each has files of the same names.
func (c *packageCommand) folder(p registration.Package) string {
	if c.Form == "all" || (c.MCP && p.Form != registration.Solution) {
		return p.Name
	}
	return ""
}

// packed returns the files of a package as they are written: as they are, or as one archive.
func (c *packageCommand) packed(p registration.Package) ([]registration.File, error) {
	name := p.Name + ".zip"
	pack := c.Zip
	if p.Form == registration.Solution {
		name, pack = registration.SolutionName+".zip", !c.Unpacked
	}
	if !pack {
		return p.Files, nil
	}
	archive, err := registration.Zip(p.Files)
	return []registration.File{{Path: name, Content: archive}}, err
}

// warnDefaults warns about everything that was not chosen, so that no placeholder goes unnoticed.
func (c *packageCommand) warnDefaults(con *console, o registration.Options) {
	warnPlaceholders(con, o.Definition)
	if c.SignIn != config.APIKey && c.ConnectorClientID == "" {
		con.warn("the client ID of the connector's app registration is not known: set --connector-client-id, " +
			"or enter it when you register the connector")
	}
	options := strings.Join([]string{c.Host, c.PublicURL, c.Audience, c.ContactName, c.ContactURL, c.Website,
		c.PrivacyURL}, " ")
	if tenant := con.getenv("CONNECTOR_TENANT_ID"); tenant != "" &&
		strings.Contains(strings.ToLower(options), strings.ToLower(tenant)) {
		con.warn("your tenant's ID is in the package, because an option such as --audience has it")
	}
	contact := unset(map[string]string{"--contact-name": c.ContactName, "--contact-email": c.ContactEmail,
		"--contact-url": c.ContactURL, "--privacy-url": c.PrivacyURL})
	if len(contact) > 0 {
		con.warn("the contact or the privacy policy is a placeholder: set %s", strings.Join(contact, ", "))
	}
	look := map[string]string{"--title": c.Title, "--website": c.Website}
	if registration.Form(c.Form) != registration.Independent { // which has no icon
		look["--icon"], look["--brand-color"] = c.Icon, cmp.Or(c.BrandColor, c.Icon)
	}
	own := unset(look)
	if len(own) > 0 {
		con.warn("the look is that of this project: to have your own, set %s", strings.Join(own, ", "))
	}
	if border, uniform := icon.Border(o.Icon); !uniform || !strings.EqualFold(border, o.BrandColor) {
		con.warn("the icon's border is not the brand color %s, so its edge shows", o.BrandColor)
	}
}

// unset returns the names of flags without a value, sorted.
func unset(flags map[string]string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		if flags[name] == "" {
			names = append(names, name)
		}
	}
	return names
}
