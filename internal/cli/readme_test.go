package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/metrics"
	"github.com/partner-center/connector/internal/sandbox"
	"github.com/partner-center/connector/openapi"
)

var update = flag.Bool("update", false, "write the README's tables and examples anew")

const readme = "../../README.md"

var (
	section = regexp.MustCompile(`(?s)<!-- (\w+) -->\n.*?<!-- end -->`)
	example = regexp.MustCompile("(?s)```sh\ncurl -s -H 'X-Api-Key: sandbox' '(http://127\\.0\\.0\\.1:8080[^']*)'\n```\n\n```json\n(.*?)```")
	fresh   = regexp.MustCompile(`"requestId":"[0-9a-f-]{36}"|ContinuationToken=[A-Za-z0-9_-]+`)
)

// TestReadmeTables holds the README's tables to their sources, and its examples to the service.
func TestReadmeTables(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	h := sandboxHandler(t)
	want := section.ReplaceAllStringFunc(string(text), func(old string) string {
		name := section.FindStringSubmatch(old)[1]
		return fmt.Sprintf("<!-- %s -->\n%s<!-- end -->", name, tables[name](h))
	})
	examples := 0
	want = example.ReplaceAllStringFunc(want, func(old string) string {
		examples++
		parts := example.FindStringSubmatch(old)
		return strings.TrimSuffix(old, parts[2]+"```") + get(h, parts[1]) + "\n```"
	})
	if examples < 10 {
		t.Errorf("%d examples", examples)
	}
	if *update {
		if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if fresh.ReplaceAllString(want, "…") != fresh.ReplaceAllString(string(text), "…") {
		t.Error("README.md is not current: run make update and read what has changed")
	}
}

func sandboxHandler(t *testing.T) http.Handler {
	t.Helper()
	return sandboxService(t).handler
}

func sandboxService(t *testing.T) *service {
	t.Helper()
	c := config.Config{Sandbox: true, SignIn: []string{config.APIKey}, Partner: config.Partner{Cloud: config.Clouds["global"]}, LimitCalls: 100, LimitWindow: time.Minute, UpstreamTimeout: time.Second, MaxBody: 16 << 20}
	s, err := newService(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

func get(h http.Handler, url string) string {
	request := httptest.NewRequest(http.MethodGet, url, nil)
	request.RequestURI = request.URL.RequestURI()
	request.Header.Set("X-Api-Key", "sandbox")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request)
	return w.Body.String()
}

// tables are the README's by the name of their section.
var tables = map[string]func(http.Handler) string{
	"actions": func(http.Handler) string {
		return table("action|what it does|operationId|request", actions(), func(a action) []string {
			return []string{a.Summary, a.Description, code(a.OperationID), code(a.request)}
		})
	},
	"settings": func(http.Handler) string {
		return table("variable|flag|default|meaning", config.Settings(), func(s config.Setting) []string {
			return []string{code(s.Variable), code(s.Flag), code(s.Default), s.Help}
		})
	},
	"metrics": func(http.Handler) string {
		return table("metric|kind|labels|what it counts or shows", families(), func(f family) []string {
			return []string{code(f.name), f.kind, f.labels, f.help}
		})
	},
	"errors": func(http.Handler) string {
		return table("status|code|what it says", fault.Codes(), func(k fault.Code) []string {
			return []string{fmt.Sprint(k.Status()), code(string(k)), k.Message()}
		})
	},
	"failures": func(h http.Handler) string {
		return table("customer|what Partner Center does|what the service answers", sandbox.Failures(), func(c sandbox.Customer) []string {
			var answer struct {
				StatusCode int
				Error      struct{ Code string }
			}
			if err := json.Unmarshal([]byte(get(h, "http://127.0.0.1:8080/v1/customers/"+c.ID)), &answer); err != nil {
				return []string{err.Error()}
			}
			return []string{code(c.ID), c.Meaning, fmt.Sprintf("%d `%s`", answer.StatusCode, answer.Error.Code)}
		})
	},
}

// action is an operation of the spec that makers see.
type action struct {
	*openapi3.Operation
	request string
}

// actions are the operations that makers see, in the order of the spec.
func actions() []action {
	spec, err := openapi3.NewLoader().LoadFromData(openapi.YAML)
	if err != nil {
		panic(err) // the generator has read it
	}
	var all []action
	for path, item := range spec.Paths.Map() {
		if item.Get.Extensions["x-ms-visibility"] == "internal" {
			continue
		}
		var query []string
		for _, p := range item.Get.Parameters {
			if p.Value.In == "query" && p.Value.Extensions["x-ms-visibility"] != "internal" {
				query = append(query, p.Value.Name)
			}
		}
		request := "GET " + path
		if query != nil {
			request += "?" + strings.Join(query, "&")
		}
		all = append(all, action{item.Get, request})
	}
	slices.SortFunc(all, func(a, b action) int {
		return bytes.Index(openapi.YAML, []byte("operationId: "+a.OperationID+"\n")) - bytes.Index(openapi.YAML, []byte("operationId: "+b.OperationID+"\n"))
	})
	return all
}

// family is a metric of the service's own.
type family struct{ name, kind, labels, help string }

// families are the metrics of a service that has done nothing yet, as they are served.
func families() []family {
	spec, err := openapi.Spec()
	if err != nil {
		panic(err) // the generator has read it
	}
	m, err := newMetrics(spec)
	if err != nil {
		panic(err) // the service would not start
	}
	m.Watch(metrics.Gauges{UnderWay: func() int { return 0 }, Draining: func() bool { return false }, Dropped: func() int { return 0 }, Connections: func() int { return 0 }})
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var all []family
	for line := range strings.Lines(w.Body.String()) {
		parts := strings.SplitN(strings.TrimSpace(line), " ", 4)
		last := len(all) - 1
		switch {
		case parts[0] == "#" && !strings.HasPrefix(parts[2], "connector_"):
		case parts[0] == "#" && parts[1] == "HELP":
			all = append(all, family{name: parts[2], help: parts[3]})
		case parts[0] == "#":
			all[last].kind = parts[3]
		case strings.HasPrefix(line, "connector_") && all[last].labels == "":
			for _, l := range label.FindAllStringSubmatch(line, -1) {
				if l[1] != "le" {
					all[last].labels += ", " + code(l[1])
				}
			}
			all[last].labels = cmp.Or(strings.TrimPrefix(all[last].labels, ", "), "–")
		}
	}
	return all
}

func table[T any](header string, rows []T, cells func(T) []string) string {
	var b strings.Builder
	columns := strings.Count(header, "|") + 1
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.ReplaceAll(header, "|", " | "), strings.Repeat("---|", columns))
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells(row), " | "))
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return "–"
	}
	return "`" + s + "`"
}

// TestReadmeErrorExample holds the README's picture of an error to the shape that is served.
func TestReadmeErrorExample(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "## Errors")
	line := regexp.MustCompile(`(?m)^\{.*\}$`).FindString(rest)
	var shown, served map[string]any
	if err := json.Unmarshal([]byte(line), &shown); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(get(sandboxHandler(t), "http://127.0.0.1:8080/")), &served); err != nil {
		t.Fatal(err)
	}
	for member := range served {
		if _, ok := shown[member]; !ok || len(shown) != len(served) {
			t.Errorf("the README shows %v, served is %v", shown, served)
		}
	}
}

var label = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)
