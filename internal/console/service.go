package console

import "github.com/partner-center/connector/internal/gate"

// A Service describes the service to the pages. It is served without a credential.
type Service struct {
	BaseURL string `json:"baseUrl"` // scheme and host, without a slash at the end; set for each request
	Public  bool   `json:"public"`  // the base URL is a setting, and not the host of the request

	Version string   `json:"version"`
	Cloud   string   `json:"cloud"`           // the Microsoft cloud, such as global
	SignIn  []string `json:"signIn"`          // how callers sign in: api-key, entra, caller
	Partner []string `json:"partner"`         // how the service signs in to Partner Center: app, user, caller
	Tools   int      `json:"tools,omitempty"` // number of MCP tools; 0: none is served

	LimitCalls   int     `json:"limitCalls"`   // calls that a connection may make in a window
	LimitSeconds float64 `json:"limitSeconds"` // length of the window

	Sandbox *Sandbox `json:"sandbox,omitempty"` // nil: the service calls a real Partner Center

	Operations map[string]Operation `json:"operations"` // by operationId
	Downloads  []Download           `json:"downloads"`
}

// A Sandbox describes the embedded Partner Center.
type Sandbox struct {
	APIKey   string    `json:"apiKey"`
	Failures []Failure `json:"failures"`
	Activity float64   `json:"activitySeconds"` // between two changes
}

// A Failure is a customer for which every call fails.
type Failure struct {
	ID      string `json:"id"`
	Meaning string `json:"meaning"` // what Partner Center answers
}

// An Operation has what the definition does not say about an operation.
type Operation struct {
	Columns []string             `json:"columns,omitempty"` // the usual ones of a list, as paths from an item
	Rules   map[string]gate.Rule `json:"rules"`             // by parameter
}

// A Download is a file that registers the connector.
type Download struct {
	SignIn string `json:"signIn"`
	Form   string `json:"form"` // of a package; empty: the definition alone
	MCP    bool   `json:"mcp"`  // a package has the connector of the MCP tools too; a definition is that connector's
	Next   string `json:"next"` // what to do with it
	Path   string `json:"path"` // below the console; set by New
}

// downloads is where downloads are served, below the console.
const downloads = "register/"

// path returns where the download is served, below the console.
func (d Download) path() string {
	name := d.Form + ".zip"
	switch {
	case d.Form == "" && d.MCP:
		name = "apiDefinition.mcp.json"
	case d.Form == "":
		name = "apiDefinition.swagger.json"
	case d.MCP:
		name = d.Form + "-with-mcp.zip"
	}
	return downloads + d.SignIn + "/" + name
}

// contentType returns the media type of the download.
func (d Download) contentType() string {
	if d.Form == "" {
		return jsonType
	}
	return "application/zip"
}
