package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/openapi"
)

// TestPanic has every action panic: the caller gets an internal error without details, the log the
// stack, and the next call is served.
func TestPanic(t *testing.T) {
	s, log := newServer(t, 100, actions{})
	spec, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	values := strings.NewReplacer("{CustomerTenantID}", "0f8fad5b-d9cb-469f-a165-70867728950e", "{InvoiceID}",
		"G000024135", "{OrderID}", "79d9f5e2f43a", "{SubscriptionID}", "a356ac8c-e310-44f4-bf85-c7f29044af99")
	for path, item := range spec.Paths.Map() {
		t.Run(item.Get.OperationID, func(t *testing.T) {
			target := values.Replace(path)
			if item.Get.Parameters.GetByInAndName("query", "TargetView") != nil {
				target += "?TargetView=Azure"
			}
			log.Reset()
			w, _ := get(t.Context(), s, target, "key")
			body := w.Body.String()
			if w.Code != http.StatusInternalServerError || !strings.Contains(body, `"InternalError"`) {
				t.Errorf("%d %s", w.Code, body)
			}
			if strings.Contains(body, "goroutine") || strings.Contains(body, "nil pointer") {
				t.Errorf("the answer has details: %s", body)
			}
			logged := log.String()
			if !strings.Contains(logged, `"msg":"panic"`) || !strings.Contains(logged, "goroutine") {
				t.Errorf("the log lacks the stack: %s", logged)
			}
			if n := strings.Count(logged, `"msg":"call"`); n != 1 {
				t.Errorf("%d log lines for the call", n)
			}
		})
	}
}
