package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/reply"
)

// answer is the answer to one request.
type answer struct {
	status int
	header http.Header
	body   []byte
	closes bool // the connection ends with it
}

// problem is the body of an error of the service.
type problem struct {
	StatusCode int    `json:"statusCode"`
	Message    string `json:"message"`
	Error      struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	RequestID string `json:"requestId"`
}

// pending is a request whose answer has not been read.
type pending struct {
	net.Conn
	p *process
}

// send writes a request to a new connection.
func (p *process) send(t *testing.T, request string) *pending {
	t.Helper()
	c := p.dial(t)
	go io.WriteString(c, request) // in the background, because a server that answers early does not read the rest
	return c
}

// dial opens a connection to the service, which the end of the test closes.
func (p *process) dial(t *testing.T) *pending {
	t.Helper()
	c, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &pending{c, p}
}

// all returns everything that comes back until the service closes the connection. It may not have a
// credential, and nothing that Partner Center sends besides documented fields.
func (c *pending) all(t *testing.T) []byte {
	t.Helper()
	defer c.Close()
	received, err := io.ReadAll(c)
	if err != nil && len(received) == 0 {
		t.Fatalf("no answer: %v", err)
	}
	if found := c.p.secrets.Find(received); found != "" {
		t.Errorf("the answer has a credential: %s", found)
	}
	if bytes.Contains(received, []byte(reply.Private)) {
		t.Errorf("the answer has undocumented data of Partner Center: %s", received)
	}
	return received
}

// answer returns the only answer to a GET, and checks it and its line in the access log.
func (c *pending) answer(t *testing.T) answer {
	t.Helper()
	a := parse(t, c.all(t), http.MethodGet)
	a.check(t, http.MethodGet)
	c.p.logged(t, a)
	return a
}

// parse reads the bytes of exactly one answer to a request with a method.
func parse(t testing.TB, received []byte, method string) answer {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(received))
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("not HTTP: %v\n%q", err, received)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("the body is incomplete: %v\n%q", err, received)
	}
	if rest, _ := io.ReadAll(r); len(rest) > 0 {
		t.Errorf("more than one answer: %q", rest)
	}
	return answer{resp.StatusCode, resp.Header, body, resp.Close}
}

// call returns a GET that closes its connection. The lines are further headers of the form "Name:
// value".
func call(target, key string, lines ...string) string {
	if key != "" {
		lines = append(lines, "X-Api-Key: "+key)
	}
	return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", target, publicHost,
		strings.Join(append(lines, ""), "\r\n"))
}

// bearer returns the header line of a call with a token.
func bearer(token string) string { return "Authorization: Bearer " + token }

// get makes a call over a connection of its own.
func (p *process) get(t *testing.T, target, key string, lines ...string) answer {
	t.Helper()
	return p.send(t, call(target, key, lines...)).answer(t)
}

// logged waits for the only line of the access log about an answer and returns it.
func (p *process) logged(t *testing.T, a answer) logLine {
	t.Helper()
	var lines []logLine
	waitFor(t, "the access log has the call", func() bool {
		lines = p.out.lines("request_id", a.header.Get("MS-RequestId"))
		return len(lines) > 0
	})
	if len(lines) != 1 || lines[0].text("msg") != "call" {
		t.Errorf("the access log has %v", lines)
	}
	return lines[0]
}

// problem returns the body of an answer that is an error.
func (a answer) problem(t *testing.T) problem {
	t.Helper()
	var e problem
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		t.Fatalf("%d without an error of the service: %v\n%s", a.status, err, a.body)
	}
	return e
}

// expect compares the status and the code of the error. The code of a 200 is empty.
func (a answer) expect(t *testing.T, status int, code string) {
	t.Helper()
	got := ""
	if !a.isGood() {
		got = a.problem(t).Error.Code
	}
	if a.status != status || got != code {
		t.Errorf("got %d %s, want %d %s", a.status, got, status, code)
	}
}

// isGood reports whether an answer is no error. Only polls have other statuses than 200.
func (a answer) isGood() bool { return a.status == http.StatusOK || a.status == http.StatusAccepted }

// answerHeaders are the headers that an answer may have.
var answerHeaders = []string{
	"Content-Type", "Content-Length", "Date", "Connection", "Cache-Control", "X-Content-Type-Options", "Ms-Requestid",
	"Ms-Correlationid", "X-Ms-Client-Request-Id", "Ratelimit", "Ratelimit-Policy", "Retry-After", "Www-Authenticate",
	"Allow", "Ms-Cv", "Location", "X-Connector-Calls",
}

// beforeSignIn are the codes of answers to callers who are not signed in. They have no headers
// about the limit.
var beforeSignIn = []string{
	"MisdirectedRequest", "HeadersTooLarge", "UriTooLong", "MethodNotAllowed", "BodyNotAllowed", "MalformedPath",
	"MultipleCredentials", "MissingCredentials", "InvalidApiKey", "InvalidAuthorizationHeader", "InvalidToken",
	"TokenExpired", "TokenNotYetValid", "TokenWrongAudience", "TokenWrongIssuer", "TenantNotAllowed",
	"ClientNotAllowed",
	"InsufficientScope",
}

var (
	vectorForm    = regexp.MustCompile(`^[A-Za-z0-9+/]{16,22}(\.[0-9A-Za-z]+)*!?$`)
	guidForm      = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	codeForm      = regexp.MustCompile(`^([A-Z][a-z]+)+$`)
	challengeForm = regexp.MustCompile(`^(ApiKey|Bearer) realm="[^"]+"(, [a-z_]+="[^"]+")*$`)
	limitForm     = regexp.MustCompile(`^"connection";r=([0-9]+)(;t=([1-9][0-9]*))?$`)
)

// check checks what is promised of every answer of the service.
func (a answer) check(t *testing.T, method string) {
	t.Helper()
	for name, values := range a.header {
		if !slices.Contains(answerHeaders, name) || ((len(values) != 1) && (name != "Www-Authenticate")) {
			t.Errorf("header %s: %q", name, values)
		}
	}
	for name, want := range map[string]string{
		"Content-Type":           "application/json; charset=utf-8",
		"Cache-Control":          "no-store",
		"X-Content-Type-Options": "nosniff",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	id := a.header.Get("MS-RequestId")
	correlation, vector := a.header.Get("MS-CorrelationId"), a.header.Get("MS-CV")
	if !guidForm.MatchString(id) || !guidForm.MatchString(correlation) || !vectorForm.MatchString(vector) {
		t.Errorf("MS-RequestId %q, MS-CorrelationId %q, MS-CV %q", id, correlation, vector)
	}
	code := ""
	if (method != http.MethodHead) && !a.isGood() {
		code = a.checkProblem(t, id)
	}
	if length := a.header.Get("Content-Length"); (method != http.MethodHead) && (length != strconv.Itoa(len(a.body))) {
		t.Errorf("Content-Length %q for %d bytes", length, len(a.body))
	}
	a.checkByStatus(t)
	limited := a.header.Get("RateLimit") != ""
	signedIn := (method != http.MethodHead) && !slices.Contains(beforeSignIn, code)
	if code == "IdentityUnavailable" { // for tokens of callers and for tokens of the service
		signedIn = limited
	}
	if (signedIn != limited) || (signedIn != (a.header.Get("RateLimit-Policy") != "")) {
		t.Errorf("%s with RateLimit %q, RateLimit-Policy %q", code, a.header.Get("RateLimit"),
			a.header.Get("RateLimit-Policy"))
	}
	if limit := a.header.Get("RateLimit"); (limit != "") && !limitForm.MatchString(limit) {
		t.Errorf("RateLimit: %s", limit)
	}
}

// checkProblem checks the form of an error's body byte by byte, and returns its code.
func (a answer) checkProblem(t *testing.T, id string) string {
	t.Helper()
	e := a.problem(t)
	again, err := json.Marshal(e)
	if (err != nil) || (string(a.body) != string(again)+bodyEnd) {
		t.Errorf("the error is %s, want the form of %s", a.body, again)
	}
	if (e.StatusCode != a.status) || (e.RequestID != id) || (e.Message != e.Error.Message) || (len(e.Message) < 15) ||
		!codeForm.MatchString(e.Error.Code) {
		t.Errorf("%d, MS-RequestId %s: %s", a.status, id, a.body)
	}
	return e.Error.Code
}

// checkByStatus checks that an answer has exactly the headers that its status calls for.
func (a answer) checkByStatus(t *testing.T) {
	t.Helper()
	challenges := a.header.Values("WWW-Authenticate") // one for each way to sign in
	if (len(challenges) > 0) != (a.status == http.StatusUnauthorized) {
		t.Errorf("%d with WWW-Authenticate %q", a.status, challenges)
	}
	for i, challenge := range challenges {
		if !challengeForm.MatchString(challenge) || slices.Contains(challenges[:i], challenge) {
			t.Errorf("WWW-Authenticate: %q", challenges)
		}
	}
	allow := ""
	if a.status == http.StatusMethodNotAllowed {
		allow = http.MethodGet
	}
	if got := a.header.Get("Allow"); got != allow {
		t.Errorf("%d with Allow %q", a.status, got)
	}
	if a.header.Get("Location") != "" { // of a poll, whose Retry-After is an interval
		return
	}
	mayRetry := (a.status == http.StatusTooManyRequests) || (a.status == http.StatusServiceUnavailable)
	if header := a.header.Get("Retry-After"); mayRetry != (header != "") {
		t.Errorf("%d with Retry-After %q", a.status, header)
	} else if seconds, err := strconv.Atoi(header); mayRetry && ((err != nil) || (seconds < 1) || (seconds > 600)) {
		t.Errorf("Retry-After: %s", header)
	}
}

// limit returns how many calls remain, and in how many seconds another one is available: 0 if all
// of them are.
func (a answer) limit(t *testing.T) (remaining, next int) {
	t.Helper()
	parts := limitForm.FindStringSubmatch(a.header.Get("RateLimit"))
	if parts == nil {
		t.Fatalf("RateLimit is %q", a.header.Get("RateLimit"))
	}
	remaining, _ = strconv.Atoi(parts[1])
	next, _ = strconv.Atoi(parts[3])
	return remaining, next
}

// bodyEnd is what every JSON body ends with.
const bodyEnd = "\n"

// expectJSON compares the body with a JSON text, byte by byte.
func (a answer) expectJSON(t *testing.T, text string) {
	t.Helper()
	if string(a.body) != text+bodyEnd {
		t.Errorf("got  %s\nwant %s", a.body, text)
	}
}
