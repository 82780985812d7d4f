package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/definition"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/openapi"
)

// definitionFlags describe a connector. Those that are also settings of the service read the same
// environment variables; the others have none.
type definitionFlags struct {
	Host         string `env:"-" placeholder:"HOST" help:"${definition_host}"`
	PublicURL    string `placeholder:"URL" help:"URL under which the platform reaches the service."`
	SignIn       string `default:"api-key" placeholder:"WAY" help:"${definition_sign_in}"`
	Cloud        string `default:"global" placeholder:"NAME" help:"${definition_cloud}"`
	AuthorityURL string `placeholder:"URL" help:"For entra and caller: URL of Entra ID. Default: the cloud's."`
	Audience     string `placeholder:"LIST" help:"${definition_audience}"`
	Scope        string `default:"access_as_user" placeholder:"NAME" help:"For entra: scope of that app registration."`
	Title        string `env:"-" placeholder:"TEXT" help:"Name of the connector: 2 to 30 characters of ASCII."`
	ContactName  string `env:"-" placeholder:"TEXT" help:"Who answers questions about the connector."`
	ContactURL   string `env:"-" placeholder:"URL" help:"URL of their support page; https."`
	ContactEmail string `env:"-" placeholder:"ADDRESS" help:"Their email address."`
	Website      string `env:"-" aliases:"website-url" placeholder:"URL" help:"${definition_website}"`
	PrivacyURL   string `env:"-" placeholder:"URL" help:"URL of the privacy policy; https."`
}

// definitionCommand prints the connector's definition.
type definitionCommand struct {
	definitionFlags
	MCP      bool   `env:"-" help:"${definition_mcp}"`
	TenantID string `default:"common" placeholder:"ID" help:"${definition_tenant_id}"`
	Out      string `env:"-" placeholder:"FILE" help:"File to write instead of standard output."`
}

// Run writes the definition to the file or to standard output. It warns about placeholders on
// standard error.
func (c *definitionCommand) Run(con *console) error {
	text, options, err := c.generate()
	if err != nil {
		return err
	}
	warnPlaceholders(con, options)
	if c.Out != "" {
		return os.WriteFile(c.Out, text, 0o644)
	}
	_, err = con.stdout.Write(text)
	return err
}

// generate returns the definition and the options that it was made with.
func (c *definitionCommand) generate() ([]byte, definition.Options, error) {
	spec, options, err := c.source()
	if err != nil {
		return nil, options, err
	}
	options.OAuth.Tenant = c.TenantID
	text, err := definition.Generate(spec, options)
	if err != nil {
		return nil, options, usageError{err} // the embedded spec is tested, so an option is wrong
	}
	return text, options, nil
}

// source returns the spec of the connector that the flags choose, and its options.
func (c *definitionCommand) source() ([]byte, definition.Options, error) {
	options, err := c.options()
	if !c.MCP {
		return openapi.YAML, options, err
	}
	options, mcpErr := c.mcpOptions(options)
	return openapi.MCP, options, errors.Join(err, mcpErr)
}

// warnPlaceholders warns about placeholders with which nothing works.
func warnPlaceholders(con *console, o definition.Options) {
	if o.Host == "" {
		con.warn("the host in the definition is a placeholder: set CONNECTOR_PUBLIC_URL or --host")
	}
	if o.OAuth.Resource == definition.NoResource {
		con.warn("the audience in the definition is the placeholder %s: set CONNECTOR_AUDIENCE", definition.NoResource)
	}
}

// options converts the flags, but for the tenant. An error joins all mistakes.
func (c *definitionFlags) options() (definition.Options, error) {
	host, hostErr := c.host()
	oauth, oauthErr := c.oauth()
	return definition.Options{
		Host:   host,
		SignIn: c.SignIn,
		OAuth:  oauth,
		Info: definition.Info{
			Title: c.Title, ContactName: c.ContactName, ContactURL: c.ContactURL, ContactEmail: c.ContactEmail,
			Website: c.Website, PrivacyPolicy: c.PrivacyURL,
		},
	}, errors.Join(hostErr, oauthErr)
}

// mcpOptions returns the options of the connector of the MCP tools, given those of the actions. They
// differ in what tokens are for.
func (c *definitionFlags) mcpOptions(o definition.Options) (definition.Options, error) {
	switch c.SignIn {
	case config.Caller:
		return o, usageError{errors.New("--mcp with sign-in caller: an MCP server must not pass on the tokens of " +
			"callers, choose --sign-in=api-key or --sign-in=entra")}
	case config.Entra:
		o.OAuth.Resource = toolResource(c.origin(), c.audiences())
	}
	return o, nil
}

// host returns the host for the definition, or "" if none is given.
func (c *definitionFlags) host() (string, error) {
	if c.Host != "" {
		return c.Host, nil
	}
	return c.publicHost()
}

// publicHost returns the host of the public URL, or "" if none is given. The URL must be https, because
// the platform calls nothing else.
func (c *definitionFlags) publicHost() (string, error) {
	if c.PublicURL == "" {
		return "", nil
	}
	u, ok := config.ParseOrigin(c.PublicURL)
	if !ok || u.Scheme != "https" {
		const wants, example = "an https URL without a path", "https://connector.contoso.com"
		return "", config.Mistake{Setting: "CONNECTOR_PUBLIC_URL", Wants: wants, Example: example}
	}
	return strings.TrimSuffix(strings.ToLower(u.Host), ":443"), nil
}

// oauth returns how callers sign in with Entra ID, without the tenant. It is zero for API keys.
func (c *definitionFlags) oauth() (definition.OAuth, error) {
	if strings.Contains(c.SignIn, ",") {
		return definition.OAuth{}, usageError{fmt.Errorf(
			"sign-in %q: a definition has one way, choose it with --sign-in=api-key, --sign-in=entra or "+
				"--sign-in=caller",
			c.SignIn)}
	}
	cloud, ok := config.Clouds[c.Cloud]
	if !ok {
		return definition.OAuth{}, usageError{fmt.Errorf("cloud %q: want global, usgov or china", c.Cloud)}
	}
	if c.SignIn != config.Entra && c.SignIn != config.Caller {
		return definition.OAuth{}, nil
	}
	authority, ok := config.ParseOrigin(cmp.Or(c.AuthorityURL, cloud.Authority))
	if !ok || authority.Scheme != "https" {
		return definition.OAuth{}, usageError{fmt.Errorf(
			"authority %q: want an https URL without a path, such as https://login.microsoftonline.com",
			c.AuthorityURL)}
	}
	o := definition.OAuth{Authority: "https://" + authority.Host}
	if c.SignIn == config.Caller {
		o.Resource, o.Scope = cloud.Upstream, entra.UserScope
		return o, nil
	}
	o.Resource, o.Scope = applicationID(c.audiences()), c.Scope
	return o, nil
}

// origin returns the public URL of the service, or else that of the host.
func (c *definitionFlags) origin() string {
	host, _ := c.publicHost() // host reports the mistake
	return "https://" + cmp.Or(host, c.Host)
}

// audiences returns the audiences of the service, or else a placeholder.
func (c *definitionFlags) audiences() []string {
	list := strings.Split(cmp.Or(c.Audience, definition.NoResource), ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// applicationID returns the audience whose scopes callers request: the first Application ID URI, or
// else the first audience.
func applicationID(audiences []string) string {
	for _, audience := range audiences {
		if strings.HasPrefix(audience, "api://") {
			return audience
		}
	}
	return audiences[0]
}
