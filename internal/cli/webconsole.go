package cli

import (
	"net/http"
	"strings"

	"github.com/partner-center/connector/internal/config"
	webconsole "github.com/partner-center/connector/internal/console"
	"github.com/partner-center/connector/internal/definition/registration"
	"github.com/partner-center/connector/internal/icon"
	"github.com/partner-center/connector/internal/mcp"
	"github.com/partner-center/connector/internal/sandbox"
)

// serveConsole is the function of server.Config that serves the console.
type serveConsole = func(w http.ResponseWriter, r *http.Request, path, baseURL string) bool

// newConsole returns the function that serves the console for browsers, or nil if it is switched off.
func newConsole(c config.Config, spec compiledSpec, tools mcp.Tools) serveConsole {
	if !c.Console {
		return nil
	}
	build := func(d webconsole.Download, baseURL string) ([]byte, error) { return buildDownload(c, d, baseURL) }
	return webconsole.New(webconsole.Config{
		Service:    describe(c, spec, tools),
		Icon:       icon.PNG(),
		Definition: func() ([]byte, error) { return build(webconsole.Download{SignIn: c.SignIn[0]}, c.PublicURL) },
		Build:      build,
	}).Serve
}

// describe describes the service for the console.
func describe(c config.Config, spec compiledSpec, tools mcp.Tools) webconsole.Service {
	s := webconsole.Service{
		Public:       c.PublicURL != "",
		Version:      version(),
		Cloud:        c.Cloud.Name,
		SignIn:       c.SignIn,
		LimitCalls:   c.LimitCalls,
		LimitSeconds: c.LimitWindow.Seconds(),
		Operations:   map[string]webconsole.Operation{},
	}
	if c.MCP {
		s.Tools = tools.Len()
	}
	columns := spec.tools.UsualColumns()
	for id, o := range spec.operations {
		s.Operations[id] = webconsole.Operation{Columns: columns[id], Rules: o.Rules()}
	}
	if c.Sandbox {
		s.Sandbox = describeSandbox(c)
	}
	s.Partner = partnerSignIn(c)
	s.Downloads = describeDownloads(c)
	return s
}

// describeSandbox describes the sandbox for the console.
func describeSandbox(c config.Config) *webconsole.Sandbox {
	s := &webconsole.Sandbox{APIKey: sandboxKey, Activity: c.SandboxActivity.Seconds()}
	for _, f := range sandbox.Failures() {
		s.Failures = append(s.Failures, webconsole.Failure(f))
	}
	return s
}

// partnerSignIn returns how the service signs in to Partner Center.
func partnerSignIn(c config.Config) []string {
	if c.OnlyCallers() {
		return []string{"caller"}
	}
	var ways []string
	if c.HasApp() {
		ways = append(ways, "app")
	}
	if c.HasUser() {
		ways = append(ways, "user")
	}
	return ways
}

// describeDownloads returns the downloads for each way to sign in, with and without the MCP tools.
func describeDownloads(c config.Config) []webconsole.Download {
	var all []webconsole.Download
	for _, way := range c.SignIn {
		for _, withTools := range []bool{false, true} {
			if withTools && (!c.MCP || way == config.Caller) { // an MCP server must not pass on tokens
				continue
			}
			all = append(all, webconsole.Download{SignIn: way, MCP: withTools})
			for _, form := range registration.Forms() {
				d := webconsole.Download{SignIn: way, Form: string(form), MCP: withTools, Next: nextSteps[form]}
				all = append(all, d)
			}
		}
	}
	return all
}

// buildDownload returns a definition or a package as the commands of these names write it.
func buildDownload(c config.Config, d webconsole.Download, baseURL string) ([]byte, error) {
	_, host, _ := strings.Cut(baseURL, "://")
	flags := definitionFlags{
		Host:         host,
		SignIn:       d.SignIn,
		Cloud:        c.Cloud.Name,
		AuthorityURL: c.AuthorityURL,
		Audience:     strings.Join(c.Audiences, ","),
		Scope:        c.Scope,
	}
	if d.Form == "" {
		command := definitionCommand{definitionFlags: flags, MCP: d.MCP, TenantID: "common"}
		text, _, err := command.generate()
		return text, err
	}
	command := packageCommand{definitionFlags: flags, MCP: d.MCP, Form: d.Form}
	return command.archive()
}
