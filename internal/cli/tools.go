package cli

import (
	"errors"
	"log/slog"
	"slices"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/mcp"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/seal"
	"github.com/partner-center/connector/internal/server"
)

// newTools returns the MCP tools that the settings offer. An error is a mistake in the settings.
func newTools(c config.Config) (mcp.Tools, error) {
	spec, err := compiled()
	if err != nil {
		return mcp.Tools{}, err
	}
	all := spec.tools
	if !c.Sandbox && !c.HasUser() {
		all = all.WithoutUser()
	}
	tools, err := all.Select(c.MCPTools)
	var unknown *mcp.SelectError
	if errors.As(err, &unknown) {
		return tools, config.Mistake{Setting: "CONNECTOR_MCP_TOOLS", Wants: unknown.Error()}
	}
	return tools, err
}

// toolParts are what the tools share with the other transport.
type toolParts struct {
	gate    *gate.Gate
	actions *proxy.Proxy
	sealer  *seal.Sealer
	log     *slog.Logger
}

// newEndpoint returns the endpoint of the MCP tools, or nil if they are not served.
func (s *service) newEndpoint(c config.Config, tools mcp.Tools, p toolParts) *server.Endpoint {
	if !c.MCP {
		if c.OnlyCallers() {
			p.log.Info("MCP tools are not served: every caller brings a token for Partner Center, " +
				"which an MCP server must not pass on")
		}
		return nil
	}
	h := mcp.New(mcp.Config{
		Tools:     tools,
		Gate:      p.gate,
		Actions:   p.actions.Actions(),
		Sealer:    p.sealer,
		PublicURL: c.PublicURL,
		Entra:     entraMetadata(c),
		Version:   version(),
	})
	signIn := auth.Config{Keys: s.keys}
	if c.Accepts(config.Entra) {
		signIn.Tokens = s.tokens
	}
	return &server.Endpoint{
		SignIn:    auth.NewSignIn(signIn),
		Guard:     h.Guard,
		Serve:     h.Serve,
		Metadata:  h.Metadata,
		Challenge: h.Challenge,
	}
}

// entraMetadata returns how clients of the tools sign in with Entra ID, or nil if they do not.
func entraMetadata(c config.Config) *mcp.Entra {
	if !c.Accepts(config.Entra) {
		return nil
	}
	return &mcp.Entra{
		Issuer: c.AuthorityURL + "/" + c.TenantID + "/v2.0",
		Scope:  toolResource(c.PublicURL, c.Audiences) + "/" + c.Scope,
	}
}

// toolResource returns the audience whose scope clients of the tools request: the address of the tools
// if that is accepted, as Entra ID accepts no other for them, or else that of the actions.
func toolResource(publicURL string, audiences []string) string {
	if address := publicURL + mcp.Path; slices.Contains(audiences, address) {
		return address
	}
	return applicationID(audiences)
}

// outcomes returns every outcome that a call can have.
func outcomes(operations gate.Operations, c config.Config, tools mcp.Tools) []gate.Outcome {
	all := operations.Outcomes(call.REST)
	if c.MCP {
		all = append(all, tools.Operations().Outcomes(call.MCP)...)
	}
	return all
}
