// Package mcp serves the actions as tools of the Model Context Protocol
// (https://modelcontextprotocol.io/specification), over HTTP, without state between requests, and in
// both eras of the protocol. The official SDK speaks the protocol; this package restricts it to what
// is offered, turns arguments into those of an action, runs the action through package gate like any
// other transport, and writes its answer as text for a language model: a summary and CSV for lists,
// JSON for one thing. Names, columns and texts of tools come from the spec; the package knows no
// field of an answer. It leaves the listener, sign-in and errors of HTTP to package server.
package mcp

import (
	"net/http"
	"strconv"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/seal"
)

// Path is where the tools are served.
const Path = "/mcp"

// Config configures a Handler. Every field but PublicURL and Entra is required.
type Config struct {
	Tools     Tools
	Gate      *gate.Gate
	Actions   map[string]proxy.Action
	Sealer    *seal.Sealer // seals cursors
	PublicURL string       // scheme and host; empty: those of the request
	Entra     *Entra       // nil: callers do not sign in with Entra ID
	Version   string       // of this service
}

// A Handler answers requests for Path. It is safe for concurrent use.
type Handler struct {
	config Config
	sdk    http.Handler
	server []byte // JSON of the server's name and version
}

// New returns a Handler.
func New(c Config) *Handler {
	implementation := &sdk.Implementation{
		Name:    "partner-center-connector",
		Title:   c.Tools.title,
		Version: c.Version,
	}
	h := &Handler{config: c, server: mustEncode(implementation)}
	server := sdk.NewServer(implementation, &sdk.ServerOptions{
		Instructions: instructions(c),
		Capabilities: &sdk.ServerCapabilities{Tools: &sdk.ToolCapabilities{}},
		SetCacheable: setCacheable,
		PageSize:     len(c.Tools.all) + 1,
	})
	server.AddReceivingMiddleware(h.refuseUnoffered)
	for _, t := range c.Tools.all {
		server.AddTool(t.describe(), h.handler(t))
	}
	h.sdk = sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, &sdk.StreamableHTTPOptions{
		Stateless:                  true,
		JSONResponse:               true,
		DisableLocalhostProtection: true, // package server checks the Host, and a proxy may run on this machine
	})
	return h
}

// instructions returns what a model is told about the server: the lines for the tools that are
// offered.
func instructions(c Config) string {
	calls, window := c.Gate.Limit()
	values := strings.NewReplacer("{calls}", strconv.Itoa(calls), "{seconds}", strconv.Itoa(int(window.Seconds())))
	var lines []string
	for _, line := range c.Tools.lines {
		if c.Tools.offers(line.Tools) {
			lines = append(lines, values.Replace(line.Text))
		}
	}
	return strings.Join(lines, "\n")
}
