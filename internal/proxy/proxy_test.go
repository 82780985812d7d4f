package proxy_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/outbound"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/sandbox"
	"github.com/partner-center/connector/internal/seal"
	"github.com/partner-center/connector/internal/server"
	"github.com/partner-center/connector/openapi"
)

var update = flag.Bool("update", false, "write the golden answers anew")

// models are the generated types of the JSON answers.
var models = map[string]any{
	"GetAccountBalance":         gen.GetAccountBalance200JSONResponse{},
	"GetActivity":               gen.GetActivity200JSONResponse{},
	"GetAllCustomers":           gen.GetAllCustomers200JSONResponse{},
	"GetInvoices":               gen.GetInvoices200JSONResponse{},
	"GetInvoice":                gen.GetInvoice200JSONResponse{},
	"GetOrder":                  gen.GetOrder200JSONResponse{},
	"GetSubscription":           gen.GetSubscription200JSONResponse{},
	"GetCustomerOrders":         gen.GetCustomerOrders200JSONResponse{},
	"GetCustomerDetails":        gen.GetCustomerDetails200JSONResponse{},
	"GetCustomerSubscription":   gen.GetCustomerSubscription200JSONResponse{},
	"GetCustomerProducts":       gen.GetCustomerProducts200JSONResponse{},
	"ListCustomersForPicker":    gen.ListCustomersForPicker200JSONResponse{},
	"ListInvoicesForPicker":     gen.ListInvoicesForPicker200JSONResponse{},
	"ListOrdersForPicker":       gen.ListOrdersForPicker200JSONResponse{},
	"ListProductTypesForPicker": gen.ListProductTypesForPicker200JSONResponse{},
	"ListRenewals":              gen.ListRenewals200JSONResponse{},
	"OnActivity":                gen.OnActivity200JSONResponse{},
}

func spec(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// A service is the whole service without its process.
type service struct {
	handler http.Handler
	gate    *gate.Gate
	proxy   *proxy.Proxy
	sealer  *seal.Sealer
}

// startSandbox starts the sandbox that all tests share. It ends with the process.
var startSandbox = sync.OnceValues(func() (*sandbox.Sandbox, error) { return sandbox.Start(time.Hour) })

// compiled is the spec as a service uses it.
type compiled struct {
	operations  gate.Operations
	projections proxy.Projections
}

// compileSpec returns the parts of the spec that all tests share.
var compileSpec = sync.OnceValues(func() (c compiled, err error) {
	spec, err := openapi.Spec()
	if err != nil {
		return c, err
	}
	if c.operations, err = gate.Compile(spec); err != nil {
		return c, err
	}
	c.projections, err = proxy.Compile(spec)
	return c, err
})

// newService returns a service in front of the sandbox, or of another Partner Center if its URL is
// given.
func newService(t testing.TB, upstream string) service { return newLimitedService(t, upstream, 10_000) }

// newLimitedService is newService with a limit of its own.
func newLimitedService(t testing.TB, upstream string, calls int) service {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	box, err := startSandbox()
	must(err)
	parts, err := compileSpec()
	must(err)
	sealer, err := seal.New("hush")
	must(err)
	limiter, err := ratelimit.New(calls, time.Minute)
	must(err)
	log := slog.New(slog.DiscardHandler)
	keys, err := auth.OpenKeys("", map[string]string{"sandbox": "sandbox"}, log)
	must(err)

	outgoing := outbound.NewClient(box.RootCAs, 30*time.Second)
	own := entra.Config{
		Authority: box.AuthorityURL, TenantID: box.TenantID, ClientID: box.ClientID, ClientSecret: box.ClientSecret,
		Resource: "https://api.partnercenter.microsoft.com", Timeout: 30 * time.Second, HTTP: outgoing, Log: log,
	}
	app := entra.NewApp(own)
	own.RefreshTokenFile = filepath.Join(t.TempDir(), "refresh-token")
	must(os.WriteFile(own.RefreshTokenFile, []byte(box.RefreshToken), 0o600))
	user := entra.NewUser(own)
	client := partnercenter.New(partnercenter.Config{
		BaseURL: cmp.Or(upstream, box.UpstreamURL), Version: "test", HTTP: outgoing,
		App: app.Get, User: user.Get, Timeout: 30 * time.Second, MaxBody: 1 << 20,
	})
	s := service{
		sealer: sealer,
		gate:   gate.New(gate.Config{Operations: parts.operations, Limiter: limiter, Sealer: sealer, Log: log}),
		proxy:  proxy.New(proxy.Config{Projections: parts.projections, Upstream: client, Sealer: sealer, Log: log}),
	}
	signIn := auth.NewSignIn(auth.Config{Keys: keys})
	s.handler = server.New(server.Config{Gate: s.gate, Actions: s.proxy, SignIn: signIn, Sandbox: true})
	return s
}

// start returns the handler of a new service.
func start(t testing.TB, upstream string) http.Handler { return newService(t, upstream).handler }

// get sends a request with headers, names and values in turn, and returns the answer.
func get(h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = "connector.contoso.example"
	r.Header.Set("X-Api-Key", "sandbox")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestActions sends each action's request through the whole service and compares the answer byte by
// byte. A JSON answer must also be of the generated type and of the spec, and have nothing that
// they do not name. Partner Center is the sandbox, unless the action's directory has another answer.
func TestActions(t *testing.T) {
	h := start(t, "")
	for _, item := range spec(t).Paths.Map() {
		action := item.Get.OperationID
		t.Run(action, func(t *testing.T) {
			dir := filepath.Join("testdata", action)
			request := readRequest(t, filepath.Join(dir, "request.http"))
			h := h
			if answers, _ := filepath.Glob(filepath.Join(dir, "upstream.*")); answers != nil {
				h = start(t, newFileServer(t, answers[0]))
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, request)
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			got := withoutSeals(w.Body.Bytes())
			golden := filepath.Join(dir, "response.golden")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s (%v)", got, want, err)
			}
			if w.Header().Get("Content-Type") != "application/pdf" {
				checkModel(t, action, got)
				checkSpec(t, item.Get, request, w.Header(), got)
			}
		})
	}
}

var sealed = regexp.MustCompile(`(ContinuationToken=|"cursor":")[A-Za-z0-9_-]+`)

// withoutSeals replaces the only parts that differ in two answers with the same content.
func withoutSeals(answer []byte) []byte { return sealed.ReplaceAll(answer, []byte("${1}SEALED")) }

// newFileServer returns the URL of a Partner Center that answers every request with a file, of the type
// that the request accepts.
func newFileServer(t *testing.T, file string) string {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Accept"))
		http.ServeFile(w, r, file)
	}))
	t.Cleanup(upstream.Close)
	return upstream.URL
}

func readRequest(t *testing.T, file string) *http.Request {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("every action needs an example: %v", err)
	}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func checkModel(t *testing.T, action string, body []byte) {
	t.Helper()
	model := reflect.New(reflect.TypeOf(models[action]))
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(model.Interface()); err != nil {
		t.Errorf("not of the generated type: %v", err)
	}
}

func checkSpec(t *testing.T, operation *openapi3.Operation, request *http.Request, header http.Header, body []byte) {
	t.Helper()
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: request,
			Route:   &routers.Route{Operation: operation},
		},
		Status: http.StatusOK,
		Header: header,
	}
	if err := openapi3filter.ValidateResponse(t.Context(), input.SetBodyBytes(body)); err != nil {
		t.Errorf("not of the spec: %v", err)
	}
}

// TestCompileRejects checks that a spec that cannot be projected is found at start, with its place.
func TestCompileRejects(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*openapi3.Operation)
		want   string
	}{
		{"an_answer_with_alternatives", func(o *openapi3.Operation) {
			items := o.Responses.Status(200).Value.Content.Get(
				"application/json").Schema.Value.Properties["items"].Value
			items.Items = openapi3.NewOneOfSchema(openapi3.NewStringSchema()).NewRef()
		}, "GetInvoices: mapping: items[]: oneOf cannot be projected"},
		{"no_answer", func(o *openapi3.Operation) { o.Responses.Delete("200") }, "GET /v1/invoices: no response 200"},
		{"an_answer_of_text", func(o *openapi3.Operation) {
			text := openapi3.NewContentWithSchema(openapi3.NewStringSchema(), []string{"text/plain"})
			o.Responses.Status(200).Value.Content = text
		}, "GET /v1/invoices: a response 200 that is neither"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := spec(t)
			c.change(doc.Paths.Value("/v1/invoices").Get)
			if _, err := proxy.Compile(doc); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
