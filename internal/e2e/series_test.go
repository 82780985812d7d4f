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
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/openapi"
)

// expectSameSeries compares the names of the series of two scrapes.
func expectSameSeries(t *testing.T, before, after scrape) {
	t.Helper()
	for _, name := range after.series() {
		if _, ok := before[name]; !ok {
			t.Errorf("there is a new series: %s", name)
		}
	}
	if len(after) < len(before) {
		t.Errorf("%d series have become %d", len(before), len(after))
	}
}

// TestSeries sends what callers can choose, at random, and has Partner Center answer at random too: what there was to
// count is counted, and no series is there that was not there from the start.
func TestSeries(t *testing.T) {
	t.Parallel()
	s := newStack(t, append(acceptTokens(), withMetrics, "CONNECTOR_LIMIT_CALLS=20", "CONNECTOR_PUBLIC_URL=", "CONNECTOR_LOG_LEVEL=info")...)
	before := s.scrape(t)
	checkLabels(t, before)
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		status := 200 + rand.IntN(800)
		if rand.IntN(3) > 0 {
			status = 200
		}
		name := text()
		reply.With(status, "application/json", fmt.Sprintf(`{"items":[{"id":%d,"%s":"%s","companyProfile":{"%s":1,"domain":{}}}],"totalCount":"%s"}`, rand.Int(), name, name, name, name))(w, r)
	})
	const calls = 200
	answered := 0
	for range calls {
		a := parseAnswer(t, s.send(t, s.chosen(t)).all(t))
		if a.header.Get("MS-RequestId") != "" { // else net/http has answered
			answered++
		}
	}
	waitFor(t, "no request is under way", func() bool { return s.scrape(t)["connector_requests_under_way"] == 0 })
	after := s.scrape(t)
	expectSameSeries(t, before, after)
	if n := after.sum("connector_calls_total"); n != answered || after.sum("connector_call_duration_seconds_count") != n || n < calls/2 {
		t.Errorf("%d of %d calls were answered by the service, counted are %d", answered, calls, n)
	}
	if after.sum("connector_left_out_values_total") == 0 || after.sum("connector_upstream_calls_total") == 0 {
		t.Error("Partner Center was not called, or answered well")
	}
}

// text is one that nobody has thought of.
func text() string {
	const alphabet = `abcXYZ019-_.~{}"'<>\/` + "\u00e9"
	letters := []rune(alphabet)
	var b strings.Builder
	for range 1 + rand.IntN(24) {
		b.WriteRune(letters[rand.IntN(len(letters))])
	}
	return strings.NewReplacer(`"`, "", `\`, "").Replace(b.String()) + "x"
}

// chosen is a request in which everything that a caller can choose is chosen at random, or well.
func (s *stack) chosen(t *testing.T) string {
	t.Helper()
	pick := func(of ...string) string { return of[rand.IntN(len(of))] }
	method := pick("GET", "GET", "GET", "POST", "DELETE", "X"+fmt.Sprint(rand.IntN(1000)))
	target := pick("/v1/customers", "/v1/invoices", "/v1/customers/"+guid(rand.Int()&0xffff), "/v1/customers/"+customerID+"/orders", "/v1/invoices/G"+fmt.Sprint(rand.Int()), "/v1/"+strings.ReplaceAll(text(), "\u00e9", ""), "/"+fmt.Sprint(rand.Int()))
	if rand.IntN(3) == 0 {
		target += "?" + pick("Size", "Offset", "x"+fmt.Sprint(rand.Int())) + "=" + fmt.Sprint(rand.IntN(700))
	}
	lines := []string{"Host: " + pick(publicHost, "h"+fmt.Sprint(rand.Int())+".example")}
	switch rand.IntN(6) {
	case 0:
	case 1:
		lines = append(lines, "X-Api-Key: "+text())
	case 2:
		lines = append(lines, "Authorization: "+pick("Bearer ", "Basic ", "")+text())
	case 3:
		lines = append(lines, bearer(s.entra.MintFor(guid(rand.Int()&0xffff))), "X-MS-APIM-Referrer-Prefix: https://x.azure-apihub.net/apim/a/c"+fmt.Sprint(rand.Int()))
	default:
		lines = append(lines, "X-Api-Key: "+s.keys.key)
	}
	for _, name := range []string{"MS-CorrelationId", "MS-RequestId", "x-ms-client-request-id", "User-Agent", "traceparent", "X-" + fmt.Sprint(rand.Int())} {
		if rand.IntN(2) == 0 {
			lines = append(lines, name+": "+text())
		}
	}
	return method + " " + target + " HTTP/1.1\r\nConnection: close\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
}

var label = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// checkLabels holds every label of the service's own series to what its values are taken from.
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
			codes = append(codes, string(fault.InvalidParameter(p.Value.Name, "").Code), string(fault.MissingParameter(p.Value.Name).Code), string(fault.RequiresParameter(p.Value.Name, needed).Code))
		}
	}
	for _, k := range fault.Codes() {
		codes = append(codes, string(k))
	}
	tables := map[string][]string{
		"operation": operations, "code": codes,
		"decision": {"admitted", "refused", "unavailable"}, "kind": {"app", "user", "signing_keys"}, "result": {"ok", "refused", "unavailable"},
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
				t.Errorf("%s: %q is from no table", name, l[0])
			}
		}
	}
}
