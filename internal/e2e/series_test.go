package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/openapi"
)

// expectCounted expects the log and the metrics to have the calls that were answered since the start,
// and the metrics to have the series that they had before.
func (p *process) expectCounted(t *testing.T, before scrape, answered int) {
	t.Helper()
	if logged := len(p.out.lines("msg", "call")); logged != answered {
		t.Errorf("the access log has %d lines for %d calls", logged, answered)
	}
	after := p.scrape(t)
	if counted := after.sum("connector_calls_total"); counted != answered {
		t.Errorf("the metrics have %d calls, the access log %d", counted, answered)
	}
	expectSameSeries(t, before, after)
}

// expectSameSeries expects two scrapes to have the same series.
func expectSameSeries(t *testing.T, before, after scrape) {
	t.Helper()
	for _, name := range after.series() {
		if _, ok := before[name]; !ok {
			t.Errorf("new series %s", name)
		}
	}
	if len(after) < len(before) {
		t.Errorf("%d series have become %d", len(before), len(after))
	}
}

// TestSeries makes random calls and has Partner Center give random answers. Everything is counted,
// in series that exist from the start.
func TestSeries(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t,
		append(acceptTokens(), withMetrics, "CONNECTOR_LIMIT_CALLS=20", "CONNECTOR_PUBLIC_URL=",
			"CONNECTOR_LOG_LEVEL=info")...)
	before := s.scrape(t)
	checkLabels(t, before)
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		status := 200 + rand.IntN(800)
		if rand.IntN(3) > 0 {
			status = 200
		}
		name := randomText()
		reply.With(status, "application/json",
			fmt.Sprintf(`{"items":[{"id":%d,"%s":"%s","companyProfile":{"%s":1,"domain":{}}}],"totalCount":"%s"}`,
				rand.Int(), name, name, name, name))(w, r)
	})
	const calls = 200
	answered := 0
	for range calls {
		a := parse(t, s.send(t, s.randomRequest(t)).all(t), http.MethodGet)
		if a.header.Get("MS-RequestId") != "" { // otherwise net/http itself has answered
			answered++
		}
	}
	waitFor(t, "no request is in flight", func() bool { return s.scrape(t)["connector_requests_under_way"] == 0 })
	after := s.scrape(t)
	expectSameSeries(t, before, after)
	n := after.sum("connector_calls_total")
	if (n != answered) || (after.sum("connector_call_duration_seconds_count") != n) || (n < calls/2) {
		t.Errorf("%d calls counted, %d of %d answered by the service", n, answered, calls)
	}
	if (after.sum("connector_left_out_values_total") == 0) || (after.sum("connector_upstream_calls_total") == 0) {
		t.Error("no call reached Partner Center, or no value was dropped")
	}
}

// randomText returns a text with characters of many kinds.
func randomText() string {
	const alphabet = `abcXYZ019-_.~{}"'<>\/` + "\u00e9"
	letters := []rune(alphabet)
	var b strings.Builder
	for range 1 + rand.IntN(24) {
		b.WriteRune(letters[rand.IntN(len(letters))])
	}
	return strings.NewReplacer(`"`, "", `\`, "").Replace(b.String()) + "x"
}

// randomRequest returns a request in which every part that a caller chooses is random or good.
func (s *stack) randomRequest(t *testing.T) string {
	t.Helper()
	pick := func(of ...string) string { return of[rand.IntN(len(of))] }
	method := pick("GET", "GET", "GET", "POST", "DELETE", "X"+fmt.Sprint(rand.IntN(1000)))
	target := pick("/v1/customers", "/v1/invoices", "/v1/customers/"+guid(rand.Int()&0xffff),
		"/v1/customers/"+customerID+"/orders", "/v1/invoices/G"+fmt.Sprint(rand.Int()),
		"/v1/"+strings.ReplaceAll(randomText(), "\u00e9", ""), "/"+fmt.Sprint(rand.Int()))
	if rand.IntN(3) == 0 {
		target += "?" + pick("Size", "Offset", "x"+fmt.Sprint(rand.Int())) + "=" + fmt.Sprint(rand.IntN(700))
	}
	lines := []string{"Host: " + pick(publicHost, "h"+fmt.Sprint(rand.Int())+".example")}
	switch rand.IntN(6) {
	case 0:
	case 1:
		lines = append(lines, "X-Api-Key: "+randomText())
	case 2:
		lines = append(lines, "Authorization: "+pick("Bearer ", "Basic ", "")+randomText())
	case 3:
		lines = append(lines, bearer(s.entra.MintFor(guid(rand.Int()&0xffff))),
			"X-MS-APIM-Referrer-Prefix: https://x.azure-apihub.net/apim/a/c"+fmt.Sprint(rand.Int()))
	default:
		lines = append(lines, "X-Api-Key: "+s.keys.key)
	}
	for _, name := range []string{"MS-CorrelationId", "MS-RequestId", "x-ms-client-request-id", "User-Agent",
		"traceparent", "X-" + fmt.Sprint(rand.Int())} {
		if rand.IntN(2) == 0 {
			lines = append(lines, name+": "+randomText())
		}
	}
	return method + " " + target + " HTTP/1.1\r\nConnection: close\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
}

var label = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// checkLabels checks that the labels of the service's series have values from fixed tables.
func checkLabels(t *testing.T, s scrape) {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData(openapi.YAML)
	if err != nil {
		t.Fatal(err)
	}
	operations, codes := []string{"none"}, []string{"-", "CallerGone", "BrokenOff"}
	for _, item := range spec.Paths.Map() {
		operations = append(operations, item.Get.OperationID)
		for _, p := range slices.Concat(item.Parameters, item.Get.Parameters) {
			needed, _ := p.Value.Extensions["x-requires"].(string)
			codes = append(codes, string(fault.InvalidParameter(p.Value.Name, "").Code),
				string(fault.MissingParameter(p.Value.Name).Code),
				string(fault.RequiresParameter(p.Value.Name, needed).Code))
		}
	}
	for _, input := range []string{"Size", "Cursor", "Fields", "Format"} { // of tools
		codes = append(codes, string(fault.InvalidParameter(input, "").Code))
	}
	for _, k := range fault.Codes() {
		codes = append(codes, string(k))
	}
	tables := map[string][]string{
		"operation": operations, "code": codes, "transport": {"rest", "mcp"},
		"decision": {"admitted", "refused", "unavailable"}, "kind": {"app", "user", "redis", "signing_keys"},
		"result": {"ok", "refused", "unavailable"},
	}
	status := regexp.MustCompile(`^([1-5][0-9][0-9]|[1-5]xx|none|canceled|other)$`)
	for name := range s {
		if !strings.HasPrefix(name, "connector_") || strings.HasPrefix(name, "connector_build_info") {
			continue
		}
		for _, l := range label.FindAllStringSubmatch(name, -1) {
			known := slices.Contains(tables[l[1]], l[2])
			switch l[1] {
			case "status":
				known = status.MatchString(l[2])
			case "path":
				known = true
				for part := range strings.SplitSeq(strings.ReplaceAll(l[2], "[]", ""), ".") {
					known = known && regexp.MustCompile(`(?m)^ +`+part+`:`).Match(openapi.YAML)
				}
			case "le":
				known = true
			}
			if !known {
				t.Errorf("%s: %q is in no table", name, l[0])
			}
		}
	}
}
