package cli

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/definition"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/openapi"
)

// definitionCommand prints the connector's definition.
type definitionCommand struct {
	Host         string `env:"-" placeholder:"HOST" help:"Host under which the platform reaches the service. Default: an example that no service has."`
	SignIn       string `default:"api-key" placeholder:"WAY" help:"How callers prove who they are: api-key, entra or caller. A service may take several, a definition has one."`
	Cloud        string `default:"global" placeholder:"NAME" help:"For entra and caller: Microsoft cloud: global, usgov or china."`
	AuthorityURL string `placeholder:"URL" help:"For entra and caller: Entra ID's authority. Default: the cloud's."`
	TenantID     string `default:"common" placeholder:"ID" help:"For entra and caller: tenant whose accounts sign in. An app of one tenant needs that tenant's ID."`
	Audience     string `placeholder:"LIST" help:"For entra: Application ID URI of the service's own app registration. Of several, separated by commas, the first that begins with api:// counts. Default: an example."`
	Scope        string `default:"access_as_user" placeholder:"NAME" help:"For entra: scope of that app registration."`
	Out          string `env:"-" placeholder:"FILE" help:"File to write instead of standard output."`
}

// exampleAudience is no service's.
const exampleAudience = "api://connector.contoso.example"

// Run writes the definition.
func (c *definitionCommand) Run(con *console) error {
	options, err := c.options()
	if err != nil {
		return usageError{err}
	}
	if c.Audience == "" && options.SignIn == config.Entra {
		fmt.Fprintln(con.stderr, "CONNECTOR_AUDIENCE is not set: the definition has the example", exampleAudience)
	}
	text, err := definition.Generate(openapi.YAML, options)
	if err != nil {
		return usageError{err} // the spec is tested, so an option is at fault
	}
	if c.Out != "" {
		return os.WriteFile(c.Out, text, 0o644)
	}
	_, err = con.stdout.Write(text)
	return err
}

func (c *definitionCommand) options() (definition.Options, error) {
	if strings.Contains(c.SignIn, ",") {
		return definition.Options{}, fmt.Errorf("sign-in %q: a definition has one, choose it with --sign-in=api-key, --sign-in=entra or --sign-in=caller", c.SignIn)
	}
	cloud, ok := config.Clouds[c.Cloud]
	if !ok {
		return definition.Options{}, fmt.Errorf("cloud %q: want global, usgov or china", c.Cloud)
	}
	o := definition.Options{Host: c.Host, SignIn: c.SignIn, Authority: c.AuthorityURL, Tenant: c.TenantID, Resource: applicationID(cmp.Or(c.Audience, exampleAudience)), Scope: c.Scope}
	if o.Authority == "" {
		o.Authority = cloud.Authority
	}
	if o.SignIn == config.Caller {
		o.Resource, o.Scope = cloud.Upstream, entra.UserScope
	}
	return o, nil
}

// applicationID is the audience that scopes are named after: the Application ID URI, where there is one, as the
// platform's form wants it.
func applicationID(audiences string) string {
	list := strings.Split(audiences, ",")
	for i := range list {
		if list[i] = strings.TrimSpace(list[i]); strings.HasPrefix(list[i], "api://") {
			return list[i]
		}
	}
	return list[0]
}
