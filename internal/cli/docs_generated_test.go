package cli

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/openapi"
)

// TestGeneratedPages holds the reference pages to their sources. With -update it writes them.
func TestGeneratedPages(t *testing.T) {
	s := newDocsService(t)
	for name, data := range map[string]any{
		"settings.md": map[string]any{"Settings": config.Settings()},
		"errors.md": map[string]any{
			"Example":    exampleError(t, s),
			"Codes":      codeRows(),
			"Parameters": parameterRows(t),
		},
		"metrics.md": map[string]any{"Metrics": metricRows(t)},
	} {
		t.Run(name, func(t *testing.T) {
			want := render(t, name, data)
			if *update {
				if err := os.WriteFile(filepath.Join(root, "docs", name), []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want != readPage(t, "docs/"+name) {
				t.Errorf("docs/%s is not current: run make update and read the change", name)
			}
		})
	}
}

// render fills in the template of a page.
func render(t *testing.T, name string, data any) string {
	t.Helper()
	functions := template.FuncMap{"code": code, "anchor": anchors()}
	page, err := template.New(name).Funcs(functions).ParseFiles("testdata/docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := page.Execute(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// anchors returns a function that returns the anchor of a code's row, which the console links to. Only the
// first row of a code has one.
func anchors() func(fault.Code) string {
	seen := map[fault.Code]bool{}
	return func(c fault.Code) string {
		if seen[c] {
			return ""
		}
		seen[c] = true
		return fmt.Sprintf(`<a id="%s"></a>`, c)
	}
}

// code returns text as code in a table, or a dash if text is empty.
func code(text any) string {
	if fmt.Sprint(text) == "" {
		return "–"
	}
	return fmt.Sprintf("`%v`", text)
}

// exampleError returns a refused call as the service answers it, with the text of the limit in it.
func exampleError(t *testing.T, s *docsService) string {
	t.Helper()
	var answer map[string]any
	if err := json.Unmarshal(s.get(t, "/v1/unknown"), &answer); err != nil {
		t.Fatal(err)
	}
	f := &fault.Error{Code: fault.RateLimitExceeded, RetryAfter: 17e9}
	known := map[string]any{
		"statusCode": f.Code.Status(),
		"message":    f.Text(),
		"error":      map[string]any{"code": f.Code, "message": f.Text()},
		"requestId":  "01a1f8ba-f325-7e87-8ef8-c93c6dddc6cd",
	}
	for member := range answer {
		if _, ok := known[member]; !ok || len(known) != len(answer) {
			t.Errorf("the example has not the members of %v", answer)
		}
	}
	text, err := json.MarshalIndent(struct {
		StatusCode any `json:"statusCode"`
		Message    any `json:"message"`
		Error      any `json:"error"`
		RequestID  any `json:"requestId"`
	}{known["statusCode"], known["message"], known["error"], known["requestId"]}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// codeRow is a line of the table of codes.
type codeRow struct {
	Status  int
	Code    fault.Code
	Message string
	Actions string // only for codes that name a parameter
}

func codeRows() []codeRow {
	var rows []codeRow
	for _, c := range fault.Codes() {
		rows = append(rows, codeRow{Status: c.Status(), Code: c, Message: c.Message()})
	}
	return rows
}

// parameterRows returns the codes that name a parameter of an action, sorted by code.
func parameterRows(t *testing.T) []codeRow {
	t.Helper()
	var rows []codeRow
	add := func(operation *openapi3.Operation, err *fault.Error) {
		i := slices.IndexFunc(rows, func(r codeRow) bool { return r.Code == err.Code && r.Message == err.Message })
		if i < 0 {
			rows = append(rows, codeRow{Code: err.Code, Message: err.Message, Actions: operation.Summary})
			return
		}
		rows[i].Actions += ", " + operation.Summary
	}
	for _, a := range actions(t) {
		for _, parameter := range a.Parameters {
			p := parameter.Value
			add(a.Operation, fault.InvalidParameter(p.Name, p.Extensions["x-rule"].(string)))
			if (p.In == "query") && p.Required {
				add(a.Operation, fault.MissingParameter(p.Name))
			}
			if needed, ok := p.Extensions["x-requires"].(string); ok {
				add(a.Operation, fault.RequiresParameter(p.Name, needed))
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b codeRow) int { return strings.Compare(string(a.Code), string(b.Code)) })
	return rows
}

// action is an operation that makers see.
type action struct {
	*openapi3.Operation
	path string
}

// actions returns the operations that makers see, in the order of the spec.
func actions(t *testing.T) []action {
	t.Helper()
	spec, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	var all []action
	for path, item := range spec.Paths.Map() {
		if item.Get.Extensions["x-ms-visibility"] != "internal" {
			all = append(all, action{item.Get, path})
		}
	}
	position := func(a action) int {
		return strings.Index(string(openapi.YAML), "operationId: "+a.OperationID+"\n")
	}
	slices.SortFunc(all, func(a, b action) int { return cmp.Compare(position(a), position(b)) })
	return all
}

// metricRow is a line of the table of metrics.
type metricRow struct{ Name, Kind, Labels, Help string }

var metricLabel = regexp.MustCompile(`([a-z_]+)="`)

// metricRows returns the service's own metrics as it serves them, with those that only some
// settings have.
func metricRows(t *testing.T) []metricRow {
	t.Helper()
	folder := t.TempDir()
	certificate, keys := filepath.Join(folder, "app.pem"), filepath.Join(folder, "keys")
	writeCertificate(t, certificate)
	if err := os.WriteFile(keys, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	s := serveDocs(t, "--admin-listen=127.0.0.1:0", "--log-format=json", "--tenant-id="+id, "--client-id="+id,
		"--client-certificate-file="+certificate, "--api-keys-file="+keys,
		"--authority-url=https://127.0.0.1:1", "--upstream-url=http://127.0.0.1:1")
	response, err := http.Get(s.waitForAddress(t, "listening for /metrics") + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var rows []metricRow
	for line := range strings.Lines(string(text)) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		switch {
		case (words[0] == "#") && !strings.HasPrefix(words[2], "connector_"):
		case (words[0] == "#") && (words[1] == "HELP"):
			rows = append(rows, metricRow{Name: words[2], Help: words[3]})
		case words[0] == "#":
			rows[len(rows)-1].Kind = words[3]
		case strings.HasPrefix(line, "connector_"):
			rows[len(rows)-1].Labels = labelsOf(line)
		}
	}
	return rows
}

// labelsOf returns the names of a series' labels as the table shows them.
func labelsOf(series string) string {
	var names []string
	for _, l := range metricLabel.FindAllStringSubmatch(series, -1) {
		if l[1] != "le" {
			names = append(names, code(l[1]))
		}
	}
	return cmp.Or(strings.Join(names, ", "), "–")
}

// writeCertificate writes a certificate and its key to a PEM file.
func writeCertificate(t *testing.T, path string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	certificate := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, &certificate, &certificate, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	content = append(content, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})...)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
