package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/seal"
	"github.com/partner-center/connector/openapi"
)

const customer = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

// tb is what helpers need of a test, whether of the standard library or of rapid.
type tb interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// parsed returns the spec, which tests only read.
var parsed = sync.OnceValues(openapi.Spec)

func spec(t tb) *openapi3.T {
	t.Helper()
	s, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func compiled(t tb) Tools {
	t.Helper()
	tools, err := Compile(spec(t))
	if err != nil {
		t.Fatal(err)
	}
	return tools
}

// An upstream is a Partner Center that is a function: it returns a body, and a media type if that is not
// JSON. The media type stalled stands for a PDF whose rest does not arrive.
type upstream func(r *http.Request) (body, media string)

// RoundTrip implements http.RoundTripper.
func (u upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	body, media := u(r)
	switch media {
	case "":
		media = "application/json"
	case "stalled":
		rest := &stalledBody{ctx: r.Context()}
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/pdf"}}, ContentLength: -1,
			Body: io.NopCloser(io.MultiReader(strings.NewReader(body), rest)), Request: r,
		}, nil
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {media}}, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// A stalledBody is a body of which nothing arrives.
type stalledBody struct{ ctx context.Context }

// Read implements io.Reader.
func (b *stalledBody) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

// A fixture is a Handler in front of an upstream.
type fixture struct {
	*Handler
	log *bytes.Buffer
}

func newFixture(t tb, u upstream) fixture {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	operations, err := gate.Compile(spec(t))
	must(err)
	projections, err := proxy.Compile(spec(t))
	must(err)
	limiter, err := ratelimit.New(65000, time.Minute)
	must(err)
	sealer, err := seal.New("a secret of the test, long enough")
	must(err)
	buffer := new(bytes.Buffer)
	log := slog.New(slog.NewJSONHandler(buffer, nil))
	token := func(context.Context, string) (string, error) { return "token", nil }
	actions := proxy.New(proxy.Config{Projections: projections, Sealer: sealer, Log: log,
		Upstream: partnercenter.New(partnercenter.Config{
			BaseURL: "https://partner.contoso.com", HTTP: &http.Client{Transport: u}, App: token, User: token,
			Timeout: time.Minute, MaxBody: 16 << 20,
		})})
	g := gate.New(gate.Config{Operations: operations, Limiter: limiter, Sealer: sealer, Log: log})
	h := New(Config{Tools: compiled(t), Gate: g, Actions: actions.Actions(), Sealer: sealer, Version: "v1"})
	return fixture{h, buffer}
}

// post serves a body with header lines of the connection flows. The error is that of Serve.
func (f fixture) post(body string, header ...string) (*httptest.ResponseRecorder, error) {
	ctx := f.config.Gate.Begin(context.Background(), "", nil)
	ctx = auth.NewContext(ctx, auth.Connection{Identity: "flows"})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, Path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	maps.Copy(r.Header, headerOf(header))
	w := httptest.NewRecorder()
	err := f.Serve(w, r, "https://connector.contoso.com")
	return w, err
}

// callTool calls a tool with arguments, a JSON object, and returns its text and whether it is an error.
func (f fixture) callTool(t tb, name, arguments string) (text string, isError bool) {
	t.Helper()
	w, _ := f.post(callOf(name, arguments, ""))
	var response struct {
		Result struct {
			Content []struct{ Text string }
			IsError bool
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &response); err != nil || len(response.Result.Content) == 0 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return response.Result.Content[0].Text, response.Result.IsError
}

// callOf returns a message that calls a tool. more is appended to its parameters.
func callOf(name, arguments, more string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + name + `","arguments":` + arguments +
		more + `}}`
}

// requestID matches what differs between two answers to the same request.
var requestID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// headerOf returns header lines as a header.
func headerOf(lines []string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	return h
}
