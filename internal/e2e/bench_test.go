package e2e

import (
	"bufio"
	"bytes"
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
// compare the service.
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
	panic(http.Serve(listener, httputil.NewSingleHostReverseProxy(target)))
}

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
		return perCall(b, s.command.Process.Pid, s.address, credential, 4000, 1)
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

// BenchmarkServed compares the processor time of a call through the service and through a plain
// reverse proxy, and measures the service's resident memory with 16 callers.
func BenchmarkServed(b *testing.B) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		b.Skip("needs /proc for the processor time of another process")
	}
	var body atomic.Pointer[string]
	upstream := upstreamOf(b, &body)
	s := newStack(b, append(benchSettings, "CONNECTOR_UPSTREAM_URL="+upstream.URL)...)
	proxy, address := startPlainProxy(b, upstream.URL)
	byKey := http.Header{"X-Api-Key": {s.keys.key}}
	for _, c := range []struct {
		customers, calls int
	}{{1, 6000}, {500, 2000}} {
		page := customersPage(c.customers)
		body.Store(&page)
		b.Run(fmt.Sprintf("%d-customers-%d-bytes", c.customers, len(page)), func(b *testing.B) {
			for b.Loop() {
				service := perCall(b, s.command.Process.Pid, s.address, byKey, c.calls, 1)
				plain := perCall(b, proxy, address, byKey, c.calls, 1)
				perCall(b, s.command.Process.Pid, s.address, byKey, c.calls, 16)
				b.ReportMetric(float64(service.Microseconds()), "cpu-µs/call")
				b.ReportMetric(float64(plain.Microseconds()), "plain-cpu-µs/call")
				b.ReportMetric(float64(service)/float64(plain), "x-plain")
				b.ReportMetric(residentMiB(b, s.command.Process.Pid), "MiB-16-callers")
			}
		})
	}
}

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

// perCall returns the processor time that a process takes for each of n calls by a number of
// callers with kept connections.
func perCall(b *testing.B, pid int, address string, credential http.Header, n, callers int) time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers, DisableCompression: true}}
	defer client.CloseIdleConnections()
	before := processorTime(b, pid)
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for range n / callers {
				request, _ := http.NewRequest(http.MethodGet, "http://"+address+"/v1/customers?Size=500", nil)
				request.Header = credential.Clone()
				resp, err := client.Do(request)
				if err != nil {
					b.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode == http.StatusTooManyRequests {
					time.Sleep(time.Second) // the highest limit is lower than this rate
				}
			}
		})
	}
	group.Wait()
	return (processorTime(b, pid) - before) / time.Duration(n)
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
