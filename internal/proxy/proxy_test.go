package proxy_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/sandbox"
	"github.com/partner-center/connector/internal/server"
)

var update = flag.Bool("update", false, "write the golden answers anew")

// models are the generated types of the actions' answers.
var models = map[string]any{
	"GetAllCustomers":         gen.GetAllCustomers200JSONResponse{},
	"GetInvoices":             gen.GetInvoices200JSONResponse{},
	"GetCustomerOrders":       gen.GetCustomerOrders200JSONResponse{},
	"GetCustomerDetails":      gen.GetCustomerDetails200JSONResponse{},
	"GetCustomerSubscription": gen.GetCustomerSubscription200JSONResponse{},
}

func spec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := gen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// handler is the service as it is served, before the sandbox.
func handler(t *testing.T) http.Handler {
	t.Helper()
	box, err := sandbox.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	log := slog.New(slog.DiscardHandler)
	actions, err := proxy.New(spec(t), partnercenter.New(partnercenter.Config{
		BaseURL: box.UpstreamURL, Version: "test", Authority: box.AuthorityURL, Scope: "https://api.partnercenter.microsoft.com/.default",
		TenantID: box.TenantID, ClientID: box.ClientID, ClientSecret: box.ClientSecret,
		Timeout: 30 * time.Second, MaxBody: 16 << 20, RootCAs: box.RootCAs, Log: log,
	}), log)
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(100, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.OpenKeys("", map[string]string{"sandbox": "sandbox"}, log)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Spec: spec(t), Actions: actions, SignIn: auth.NewAPIKeys(keys), Limiter: limiter, Log: log, Sandbox: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestActions sends each action's request through the whole service and compares the answer, byte by byte. The
// answer must also be of the generated type and of the spec, with nothing in it that they do not name.
func TestActions(t *testing.T) {
	h := handler(t)
	for _, item := range spec(t).Paths.Map() {
		action := item.Get.OperationID
		t.Run(action, func(t *testing.T) {
			dir := filepath.Join("testdata", action)
			request := readRequest(t, filepath.Join(dir, "request.http"))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, request)
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			golden := filepath.Join(dir, "response.golden")
			got := append(w.Body.Bytes(), '\n')
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s (%v)", got, want, err)
			}
			checkModel(t, action, got)
			checkSpec(t, item.Get, request, w.Header(), got)
		})
	}
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
		{"no answer", func(o *openapi3.Operation) { o.Responses.Delete("200") }, "GET /v1/invoices: no application/json response 200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := spec(t)
			c.change(doc.Paths.Value("/v1/invoices").Get)
			_, err := proxy.New(doc, nil, slog.Default())
			if err == nil || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
