package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// plainProxy is the main function of a plain reverse proxy, with which BenchmarkServed and TestLoad
// compare the service. It keeps connections and reuses buffers, as a proxy in production does.
func plainProxy() {
	target, err := url.Parse(os.Args[1])
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256}
	proxy.BufferPool = new(copyBuffers)
	panic(http.Serve(listener, proxy))
}

// copyBuffers is an httputil.BufferPool.
type copyBuffers struct{ pool sync.Pool }

// Get returns a buffer of 32 KiB.
func (c *copyBuffers) Get() []byte {
	if b, ok := c.pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 32<<10)
}

// Put makes a buffer available to Get.
func (c *copyBuffers) Put(b []byte) { c.pool.Put(&b) }

// benchSettings are settings without a limit that matters, with the default log.
var benchSettings = []string{manyCalls, "CONNECTOR_LIMIT_WINDOW=1s", "CONNECTOR_LOG_LEVEL=info",
	"CONNECTOR_PUBLIC_URL=", "CONNECTOR_MAX_BODY=16MiB"}

// upstreamOf starts a Partner Center that gives the same answer to all calls.
func upstreamOf(b *testing.B, body *atomic.Pointer[string]) *httptest.Server {
	b.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(*body.Load())))
		io.WriteString(w, *body.Load())
	}))
	b.Cleanup(upstream.Close)
	return upstream
}

// BenchmarkSignIn compares the processor time of a call with a cached token of Entra ID and of one
// with an API key.
func BenchmarkSignIn(b *testing.B) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		b.Skip("needs /proc for the processor time of another process")
	}
	var body atomic.Pointer[string]
	page := customersPage(1)
	body.Store(&page)
	upstream := upstreamOf(b, &body)
	s := newStack(b,
		slices.Concat(benchSettings, acceptTokens(), []string{"CONNECTOR_UPSTREAM_URL=" + upstream.URL})...)
	byKey, byToken := http.Header{"X-Api-Key": {s.keys.key}},
		http.Header{"Authorization": {"Bearer " + s.entra.Mint(b, "")}}
	measure := func(credential http.Header) time.Duration {
		return perCall(b, target{pid: s.command.Process.Pid, address: s.address},
			calls{path: "/v1/customers?Size=500", n: 4000, callers: 1, credentials: []http.Header{credential}})
	}
	measure(byToken)
	for b.Loop() {
		var key, token time.Duration
		for range 3 { // in turns, so that other load affects both
			key += measure(byKey)
			token += measure(byToken)
		}
		b.ReportMetric(float64(key.Microseconds())/3, "key-cpu-µs/call")
		b.ReportMetric(float64(token.Microseconds())/3, "token-cpu-µs/call")
		b.ReportMetric(float64(token)/float64(key), "x-key")
	}
}

// activityPage returns a page of audit records, a minute apart, with old and new values.
func activityPage(n int) string {
	var records []string
	for i := range n {
		date := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).Add(-time.Duration(i) * time.Minute)
		records = append(records, fmt.Sprintf(`{"id":"3b33_5c1e_updatesubscription_%d","customerId":%q,`+
			`"customerName":"Fourth Coffee","userPrincipalName":"ops@partner.example","resourceType":"subscription",`+
			`"resourceOldValue":%q,"resourceNewValue":%q,"operationType":"update_subscription","operationDate":%q,`+
			`"operationStatus":"succeeded","customizedData":[{"key":"SubscriptionId","value":%q}],`+
			`"attributes":{"objectType":"AuditRecord"}}`, i, customerID, `{"Quantity":24,"Status":"active"}`,
			`{"Quantity":25,"Status":"active"}`, date.Format("2006-01-02T15:04:05.0000000Z"), customerID))
	}
	return `{"totalCount":` + strconv.Itoa(n) + `,"items":[` + strings.Join(records, ",") + `]}`
}

// BenchmarkServed compares the processor time of a call through the service and through a plain
// reverse proxy. It also measures what the service allocates for a call, and its peak memory.
func BenchmarkServed(b *testing.B) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		b.Skip("needs /proc for the processor time of another process")
	}
	const customers = "/v1/customers?Size=500"
	var body atomic.Pointer[string]
	upstream := upstreamOf(b, &body)
	s := newStack(b, append(benchSettings, withMetrics, "CONNECTOR_UPSTREAM_URL="+upstream.URL)...)
	s.keys.age(b)
	proxy, address := startPlainProxy(b, upstream.URL)
	c := comparison{service: s.process, proxy: target{pid: proxy, address: address},
		credentials: []http.Header{
			{"X-Api-Key": {s.keys.key}, "X-Connector-Trigger": {"policy"}}, // so that polls get 200 too
			{"X-Api-Key": {s.keys.other}, "X-Connector-Trigger": {"policy"}},
		}}
	for _, page := range []struct {
		name, path, body string
		calls            int
	}{
		{"1-customer", customers, customersPage(1), 1600},
		{"100-customers", customers, customersPage(100), 960},
		{"500-customers", customers, customersPage(500), 480},
		{"200-subscriptions", "/v1/customers/" + customerID + "/subscriptions", subscriptionsPage(b, 200), 480},
		{"500-records", "/v1/activity", activityPage(500), 320},
		{"500-records-polled", "/v1/triggers/activity", activityPage(500), 320},
	} {
		for _, load := range []calls{
			{path: page.path, n: page.calls, callers: 1},
			{path: page.path, n: 2 * page.calls, callers: 16}, // which take less time for each
		} {
			b.Run(fmt.Sprintf("%s-%d-bytes/%d-callers", page.name, len(page.body), load.callers), func(b *testing.B) {
				body.Store(&page.body)
				for b.Loop() {
					c.run(b, load)
				}
			})
		}
	}
}

// comparison is a service and a plain proxy in front of the same Partner Center.
type comparison struct {
	service     *process
	proxy       target
	credentials []http.Header // of several connections, so that the limit does not matter
}

// run measures both in turns, so that other load affects both, and reports the medians.
func (c *comparison) run(b *testing.B, load calls) {
	const rounds = 5
	service := target{pid: c.service.command.Process.Pid, address: c.service.address}
	load.credentials = c.credentials
	perCall(b, service, load)
	perCall(b, c.proxy, load)
	resetPeak(b, service.pid)
	values := map[string][]float64{}
	add := func(unit string, v float64) { values[unit] = append(values[unit], v) }
	for range rounds {
		idle, before := c.service.scrape(b), c.service.scrape(b)
		add("cpu-µs/call", microsecondsOf(perCall(b, service, load)))
		after := c.service.scrape(b)
		add("proxy-cpu-µs/call", microsecondsOf(perCall(b, c.proxy, load)))
		counted := func(counter string) float64 { // a scrape counts too
			return (after[counter] - before[counter] - (before[counter] - idle[counter])) / float64(load.n)
		}
		add("allocs/call", counted("go_memstats_mallocs_total"))
		add("B/call", counted("go_memstats_alloc_bytes_total"))
	}
	for unit, all := range values {
		b.ReportMetric(median(all), unit)
	}
	b.ReportMetric(median(values["cpu-µs/call"])/median(values["proxy-cpu-µs/call"]), "x-proxy")
	b.ReportMetric(residentMiB(b, service.pid), "peak-MiB")
}

// median returns the middle value of an odd number of values.
func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

func microsecondsOf(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// startPlainProxy starts a plain reverse proxy, which the end of the test kills.
func startPlainProxy(b testing.TB, target string) (pid int, address string) {
	b.Helper()
	command := exec.Command("plain-proxy", target)
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return command.Process.Pid, strings.TrimSpace(line)
}

// customersPage returns an answer of n customers in Partner Center's form, about 750 bytes each.
func customersPage(n int) string {
	var items []string
	for i := range n {
		id := fmt.Sprintf("%08x-1c5a-4e0b-9a53-2f7c61a0d001", i)
		items = append(items,
			fmt.Sprintf(
				`{"id":%[1]q,"companyProfile":{"tenantId":%[1]q,"domain":"contoso%[2]d.onmicrosoft.com",`+
					`"companyName":"Contoso %[2]d Ltd",`+
					`"links":{"self":{"uri":"/customers/%[1]s/profiles/company","method":"GET","headers":[]}},`+
					`"attributes":{"objectType":"CustomerCompanyProfile"}},`+
					`"relationshipToPartner":"reseller","links":{"self":{"uri":"/customers/%[1]s","method":"GET",`+
					`"headers":[]},"relationships":{"uri":"/customers/%[1]s/relationships","method":"GET",`+
					`"headers":[{"key":"X-Note","value":"made up"}]}},"attributes":{"objectType":"Customer"}}`, id, i))
	}
	return fmt.Sprintf(`{"totalCount":%d,"items":[%s],"attributes":{"objectType":"Collection"}}`, n,
		strings.Join(items, ","))
}

// subscriptionsPage returns an answer of n subscriptions in Partner Center's form.
func subscriptionsPage(b *testing.B, n int) string {
	b.Helper()
	source, err := os.ReadFile("../mapping/testdata/SubscriptionCollection.json")
	if err != nil {
		b.Fatal(err)
	}
	var page struct {
		Total      int               `json:"totalCount"`
		Items      []json.RawMessage `json:"items"`
		Attributes json.RawMessage   `json:"attributes"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(source, []byte("\ufeff")), &page); err != nil {
		b.Fatal(err)
	}
	samples := page.Items
	page.Total, page.Items = n, nil
	for i := range n {
		item := bytes.ReplaceAll(samples[i%len(samples)], []byte("00000000-"), fmt.Appendf(nil, "%08x-", i))
		page.Items = append(page.Items, item)
	}
	out, err := json.Marshal(page)
	if err != nil {
		b.Fatal(err)
	}
	return string(out)
}

// target is a process to call.
type target struct {
	pid     int
	address string
}

// calls describes the calls of a measurement.
type calls struct {
	path        string
	body        string // of a POST; empty: a GET
	n           int
	callers     int           // with a connection each
	credentials []http.Header // the callers use them in turns
}

// method returns the method of the calls.
func (c calls) method() string {
	if c.body != "" {
		return http.MethodPost
	}
	return http.MethodGet
}

// perCall makes calls and returns the processor time that the process takes for each.
func perCall(b *testing.B, to target, c calls) time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: c.callers, DisableCompression: true,
		ReadBufferSize: 64 << 10}}
	defer client.CloseIdleConnections()
	before := processorTime(b, to.pid)
	var group sync.WaitGroup
	for caller := range c.callers {
		group.Go(func() {
			for range c.n / c.callers {
				request, _ := http.NewRequest(c.method(), "http://"+to.address+c.path, strings.NewReader(c.body))
				request.Header = c.credentials[caller%len(c.credentials)].Clone()
				resp, err := client.Do(request)
				if err != nil {
					b.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					b.Errorf("%s%s answers %d", to.address, c.path, resp.StatusCode)
					return
				}
			}
		})
	}
	group.Wait()
	return (processorTime(b, to.pid) - before) / time.Duration(c.n)
}

// processorTime returns the user and system time of a process so far, in steps of 10 ms.
func processorTime(b testing.TB, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resetPeak makes the present resident memory of a process its peak, on Linux.
func resetPeak(b testing.TB, pid int) {
	b.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		b.Logf("the peak is that since the start: %v", err)
	}
}

// residentMiB returns the peak of a process's resident memory.
func residentMiB(b testing.TB, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(peak)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}
