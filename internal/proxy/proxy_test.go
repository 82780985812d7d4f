package proxy_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/entra"
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

// models are the generated types of the actions' JSON answers.
var models = map[string]any{
	"GetAllCustomers":         gen.GetAllCustomers200JSONResponse{},
	"GetInvoices":             gen.GetInvoices200JSONResponse{},
	"GetInvoice":              gen.GetInvoice200JSONResponse{},
	"GetCustomerOrders":       gen.GetCustomerOrders200JSONResponse{},
	"GetCustomerDetails":      gen.GetCustomerDetails200JSONResponse{},
	"GetCustomerSubscription": gen.GetCustomerSubscription200JSONResponse{},
	"GetCustomerProducts":     gen.GetCustomerProducts200JSONResponse{},
	"ListCustomersForPicker":  gen.ListCustomersForPicker200JSONResponse{},
}

func spec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// start returns the service as it is served, in front of the sandbox, or of another Partner Center where its URL is
// given.
func start(t *testing.T, upstream string) http.Handler {
	t.Helper()
	box, err := sandbox.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	log := slog.New(slog.DiscardHandler)
	outgoing := outbound.NewClient(box.RootCAs, 30*time.Second)
	app := entra.NewApp(entra.Config{
		Authority: box.AuthorityURL, TenantID: box.TenantID, ClientID: box.ClientID, ClientSecret: box.ClientSecret,
		Resource: "https://api.partnercenter.microsoft.com", Timeout: 30 * time.Second, HTTP: outgoing, Log: log,
	})
	client := partnercenter.New(partnercenter.Config{
		BaseURL: cmp.Or(upstream, box.UpstreamURL), Version: "test", HTTP: outgoing, App: app, Timeout: 30 * time.Second, MaxBody: 1 << 20,
	})
	sealer, err := seal.New("hush")
	if err != nil {
		t.Fatal(err)
	}
	actions, err := proxy.New(spec(t), client, sealer, log, nil)
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(ratelimit.MaxCalls, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.OpenKeys("", map[string]string{"sandbox": "sandbox"}, log)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Spec: spec(t), Actions: actions, SignIn: auth.NewSignIn(auth.Config{Keys: keys}), Limiter: limiter, Sealer: sealer, Log: log, Sandbox: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get sends a request for a path with its query, and perhaps headers, and returns the answer.
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

// TestActions sends each action's request through the whole service and compares the answer, byte by byte. A JSON
// answer must also be of the generated type and of the spec, with nothing in it that they do not name. Actions that
// want a signed-in user are answered by a server that has one.
func TestActions(t *testing.T) {
	app, user := start(t, ""), start(t, partnerCenterOfUser(t))
	for _, item := range spec(t).Paths.Map() {
		action := item.Get.OperationID
		t.Run(action, func(t *testing.T) {
			dir := filepath.Join("testdata", action)
			request := readRequest(t, filepath.Join(dir, "request.http"))
			h := app
			if strings.HasPrefix(request.URL.Path, "/v1/invoices/") {
				h = user
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, request)
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			got := append(sealed.ReplaceAll(w.Body.Bytes(), []byte("ContinuationToken=SEALED")), '\n')
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

// sealed is what differs in two links to the same page.
var sealed = regexp.MustCompile(`ContinuationToken=[A-Za-z0-9_-]+`)

// partnerCenterOfUser is a Partner Center that knows one invoice, for whoever asks.
func partnerCenterOfUser(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/invoices/G000024130", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		http.ServeFile(w, r, "testdata/GetInvoice/upstream.json")
	})
	mux.HandleFunc("/v1/invoices/G000024130/documents/statement", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != "application/pdf" {
			t.Errorf("Accept: %s", r.Header.Get("Accept"))
		}
		w.Header().Set("Content-Type", "application/pdf")
		w.Write([]byte(pdf))
	})
	upstream := httptest.NewServer(mux)
	t.Cleanup(upstream.Close)
	return upstream.URL
}

const pdf = "%PDF-1.4\n%%EOF\n"

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
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, Route: &routers.Route{Operation: operation}},
		Status:                 http.StatusOK, Header: header,
	}
	if err := openapi3filter.ValidateResponse(t.Context(), input.SetBodyBytes(body)); err != nil {
		t.Errorf("not of the spec: %v", err)
	}
}

// TestNewRefuses shows that a spec that cannot be honoured is found at start, with its place.
func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*openapi3.Operation)
		want   string
	}{
		{"an answer of alternatives", func(o *openapi3.Operation) {
			items := o.Responses.Status(200).Value.Content.Get("application/json").Schema.Value.Properties["items"].Value
			items.Items = openapi3.NewOneOfSchema(openapi3.NewStringSchema()).NewRef()
		}, "GetInvoices: mapping: items[]: oneOf cannot be projected"},
		{"no answer", func(o *openapi3.Operation) { o.Responses.Delete("200") }, "GET /v1/invoices: no response 200"},
		{"an answer of text", func(o *openapi3.Operation) {
			o.Responses.Status(200).Value.Content = openapi3.NewContentWithSchema(openapi3.NewStringSchema(), []string{"text/plain"})
		}, "GET /v1/invoices: a response 200 that is neither"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := spec(t)
			c.change(doc.Paths.Value("/v1/invoices").Get)
			_, err := proxy.New(doc, nil, nil, slog.Default(), nil)
			if err == nil || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
