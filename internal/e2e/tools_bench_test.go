package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkTools compares the processor time of a call of a tool with that of the same call of the
// REST API, in turns, so that other load affects both.
func BenchmarkTools(b *testing.B) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		b.Skip("needs /proc for the processor time of another process")
	}
	details, err := os.ReadFile("../mapping/testdata/Customer.json")
	if err != nil {
		b.Fatal(err)
	}
	const customer = `{"CustomerTenantID":"` + customerID + `"}`
	var body atomic.Pointer[string]
	upstream := upstreamOf(b, &body)
	s := newStack(b, append(benchSettings, "CONNECTOR_UPSTREAM_URL="+upstream.URL)...)
	key := http.Header{"X-Api-Key": {s.keys.key}}
	json := maps.Clone(key)
	json.Set("Content-Type", "application/json")
	json.Set("Accept", "application/json, text/event-stream")
	legacy, modern := maps.Clone(json), maps.Clone(json)
	legacy.Set("Mcp-Protocol-Version", "2025-11-25")
	modern.Set("Mcp-Protocol-Version", "2026-07-28")
	modern.Set("Mcp-Method", "tools/call")
	to := target{pid: s.command.Process.Pid, address: s.address}
	for _, c := range []struct{ name, path, tool, arguments, body string }{
		{"one-customer", "/v1/customers/" + customerID, "csp_get_customer", customer, string(details)},
		{"list-of-one-customer", "/v1/customers?Size=50", "csp_list_customers", "{}", customersPage(1)},
		{"list-of-200-customers", "/v1/customers?Size=200", "csp_list_customers", `{"Size":200}`, customersPage(200)},
	} {
		b.Run(c.name, func(b *testing.B) {
			body.Store(&c.body)
			modern := modern.Clone()
			modern.Set("Mcp-Name", c.tool)
			tool := func(header http.Header, meta string) calls {
				return calls{path: "/mcp", n: 2000, callers: 4, credentials: []http.Header{header},
					body: fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call",`+
						`"params":{"name":%q,"arguments":%s%s}}`, c.tool, c.arguments, meta)}
			}
			loads := map[string]calls{
				"rest": {path: c.path, n: 2000, callers: 4, credentials: []http.Header{key}},
				"tool": tool(legacy, ""),
				"tool-modern": tool(modern, `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
					`"io.modelcontextprotocol/clientCapabilities":{}}`),
			}
			for b.Loop() {
				compareCPU(b, to, loads, "rest")
			}
		})
	}
}

// compareCPU reports the medians of the processor time per call of each load, and their ratios to that
// of base.
func compareCPU(b *testing.B, to target, loads map[string]calls, base string) {
	b.Helper()
	const rounds = 5
	times := map[string][]time.Duration{}
	for round := range rounds + 1 {
		for name, load := range loads {
			if spent := perCall(b, to, load); round > 0 { // the first one warms up
				times[name] = append(times[name], spent)
			}
		}
	}
	median := func(name string) float64 { return float64(slices.Sorted(slices.Values(times[name]))[rounds/2]) }
	for name := range loads {
		b.ReportMetric(median(name)/1e3, name+"-cpu-µs/call")
		if name != base {
			b.ReportMetric(median(name)/median(base), name+"-x-"+base)
		}
	}
}
