package main

import (
	"os"

	"github.com/partner-center/connector/internal/definition"
	"github.com/partner-center/connector/openapi"
)

// definitionCommand prints the connector's definition.
type definitionCommand struct {
	Host   string `env:"-" placeholder:"HOST" help:"Host under which the platform reaches the service. Default: an example that no service has."`
	SignIn string `default:"api-key" placeholder:"WAY" help:"How callers prove who they are: api-key."`
	Out    string `env:"-" placeholder:"FILE" help:"File to write instead of standard output."`
}

// Run writes the definition.
func (c *definitionCommand) Run(con *console) error {
	text, err := definition.Generate(openapi.YAML, definition.Options{Host: c.Host, SignIn: c.SignIn})
	if err != nil {
		return usageError{err} // the spec is tested, so an option is at fault
	}
	if c.Out != "" {
		return os.WriteFile(c.Out, text, 0o644)
	}
	_, err = con.stdout.Write(text)
	return err
}
