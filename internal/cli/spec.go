package cli

import (
	"sync"

	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/mcp"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/openapi"
)

// A compiledSpec is what the spec says about arguments, answers and tools.
type compiledSpec struct {
	operations  gate.Operations
	projections proxy.Projections
	tools       mcp.Tools
}

// compiled returns the compiled spec. Settings and service need it, and parsing takes half of the time
// in which the service starts.
var compiled = sync.OnceValues(compileSpec)

func compileSpec() (compiledSpec, error) {
	spec, err := openapi.Spec()
	if err != nil {
		return compiledSpec{}, err
	}
	var c compiledSpec
	if c.operations, err = gate.Compile(spec); err != nil {
		return compiledSpec{}, err
	}
	if c.projections, err = proxy.Compile(spec); err != nil {
		return compiledSpec{}, err
	}
	c.tools, err = mcp.Compile(spec)
	return c, err
}
