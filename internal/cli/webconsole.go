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

// newConsole returns what serves the console for browsers, or nil if it is switched off.
func newConsole(c config.Config, spec compiledSpec, tools mcp.Tools) func(http.ResponseWriter, string, string) bool {
	if !c.Console {
		return nil
	}
	build := func(d webconsole.Download, baseURL string) ([]byte, error) { return buildDownload(c, d, baseURL) }
	return webconsole.New(webconsole.Config{Service: describe(c, spec, tools), Icon: icon.PNG(), Build: build}).Serve
}

// describe describes the service for the webconsole.
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
	for _, way := range c.SignIn {
		s.Downloads = append(s.Downloads, downloadsFor(way, c.MCP && way != config.Caller)...)
	}
	return s
}

// describeSandbox describes the sandbox for the webconsole.
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

// downloadsFor returns the downloads for a way to sign in, each with and without the MCP tools.
func downloadsFor(way string, withMCP bool) []webconsole.Download {
	kinds := []bool{false}
	if withMCP {
		kinds = append(kinds, true)
	}
	var all []webconsole.Download
	for _, kind := range kinds {
		all = append(all, webconsole.NewDownload(way, "", kind))
		for _, form := range registration.Forms() {
			d := webconsole.NewDownload(way, string(form), kind)
			d.Next = nextSteps[form]
			all = append(all, d)
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
