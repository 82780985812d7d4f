package proxy_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
	"pgregory.net/rapid"
)

// run is a transport without HTTP: it runs an action by its operationId through the gate.
func (s service) run(ctx context.Context, operation string, arguments url.Values) (content string, err error) {
	ctx = s.gate.Begin(ctx, operation, nil)
	defer func() { s.gate.End(ctx, err) }()
	ctx = auth.NewContext(ctx, auth.Connection{Identity: "test"})
	call.FromContext(ctx).Link = func(arguments url.Values) string { return "next:" + arguments.Encode() }
	if arguments, err = s.gate.Check(operation, arguments); err != nil {
		return "", err
	}
	if _, err = s.gate.Admit(ctx); err != nil {
		return "", err
	}
	result, err := s.proxy.Actions()[operation](ctx, arguments)
	if err != nil {
		return "", err
	}
	defer result.Close()
	var text strings.Builder
	_, err = result.WriteTo(&text)
	return text.String(), err
}

// examples are arguments with which the sandbox answers every action.
var examples = map[string]url.Values{
	"GetAccountBalance":       {},
	"GetAllCustomers":         {"Size": {"2"}},
	"GetCustomerDetails":      {"CustomerTenantID": {contoso}},
	"GetCustomerOrders":       {"CustomerTenantID": {contoso}},
	"GetCustomerProducts":     {"CustomerTenantID": {contoso}, "TargetView": {"OnlineServices"}},
	"GetCustomerSubscription": {"CustomerTenantID": {contoso}},
	"GetInvoice":              {"InvoiceID": {"G000910012"}},
	"GetActivity":             {"ResourceType": {"order"}},
	"GetInvoiceStatement":     {"InvoiceID": {"G000910012"}},
	"GetInvoices":             {"Size": {"1"}},
	"GetOrder":                {"CustomerTenantID": {contoso}, "OrderID": {"356310022a68"}},
	"GetSubscription": {"CustomerTenantID": {contoso},
		"SubscriptionID": {"cd1e0144-0d69-4502-994d-3df220342f29"}},
	"ListCustomersForPicker":    {"StartsWith": {"con"}},
	"ListInvoicesForPicker":     {},
	"ListOrdersForPicker":       {"CustomerTenantID": {contoso}},
	"ListProductTypesForPicker": {"CustomerTenantID": {contoso}},
	"ListRenewals":              {"AutoRenew": {"on"}},
	"OnActivity":                {},
}

const contoso = "7d3f1c52-9b84-4e06-a2d7-6c58e0f4b913"

// TestAnotherTransport runs every action of the sandbox without the HTTP server.
func TestAnotherTransport(t *testing.T) {
	s := newService(t, "")
	for operation := range s.gate.Operations() {
		t.Run(operation, func(t *testing.T) {
			text, err := s.run(t.Context(), operation, examples[operation])
			if err != nil || len(text) < 10 {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	t.Run("gets_links_of_its_own", func(t *testing.T) {
		text, err := s.run(t.Context(), "GetInvoices", url.Values{"Size": {"1"}})
		if err != nil || !strings.Contains(text, `"nextLink":"next:Offset=1&Size=1"`) {
			t.Errorf("%s, %v", text, err)
		}
	})
	t.Run("gets_the_errors_of_validation", func(t *testing.T) {
		if _, err := s.run(t.Context(), "GetInvoices", url.Values{"Size": {"0"}}); err == nil ||
			err.Error() != "InvalidSize" {
			t.Error(err)
		}
	})
}

// TestActionsAreThoseOfTheSpec compares the names of Actions with the operations of the spec.
func TestActionsAreThoseOfTheSpec(t *testing.T) {
	s := newService(t, "")
	actions := s.proxy.Actions()
	for operation := range s.gate.Operations() {
		if actions[operation] == nil {
			t.Errorf("no action %s", operation)
		}
	}
	if len(actions) != len(s.gate.Operations()) {
		t.Errorf("%d actions for %d operations", len(actions), len(s.gate.Operations()))
	}
}

// An upstreamRecorder is a Partner Center that records the last request.
type upstreamRecorder struct {
	mu     sync.Mutex
	target string
	token  string // MS-ContinuationToken
}

func (r *upstreamRecorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target, r.token = request.RequestURI, request.Header.Get("MS-ContinuationToken")
	if strings.HasSuffix(request.URL.Path, "/statement") {
		w.Header().Set("Content-Type", "application/pdf")
		w.Write([]byte(pdf))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write([]byte(`{"id":"1","balanceAmount":1.50,"items":[{"id":"2","creationDate":"2024-03-08T00:00:00Z",` +
		`"commitmentEndDate":"2024-03-08T00:00:00Z","status":"active"}]}`))
}

// last returns the last request and forgets it.
func (r *upstreamRecorder) last() [2]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := [2]string{r.target, r.token}
	r.target, r.token = "", ""
	return last
}

// values are what arguments are drawn from, by name. Most are allowed.
var values = map[string][]string{
	"Size":                  {"1", "2", "7", "20", "500", "", "0", "07", "x"},
	"Offset":                {"0", "1", "12", "200", "999999999", "", "-1", "1e3"},
	"CompanyNameStartsWith": {"Fab", "con", "a&b=c", "é \"漢\"", "", "\x00"},
	"DomainStartsWith":      {"fab", "con", "%2F+", "a b", ""},
	"StartsWith":            {"Fab", "con", "a&b=c", "", "\x00"},
	"ContinuationToken":     {"", "AQAAAA==", "5a2d-1,e30=,77d2-9", "a+b&c=d %2F é"},
	"PartnerID":             {"4847383", "0", "1", "99999999999999999999", "", "x"},
	"OrderID":               {"79d9f5e2f43a", "9qg-ErcO_4", "a", "1", "a*b"},
	"SubscriptionID":        {"cd1e0144-0d69-4502-994d-3df220342f29", "a", "a_b"},
	"From":                  {"2024-03-08", "2024-03-09", "", "2024-02-30", "x"},
	"To":                    {"2024-03-08", "2024-03-09", "", "9999-12-31", "x"},
	"EndsFrom":              {"2024-03-08", "2024-03-09", "", "2024-3-8"},
	"EndsBefore":            {"2024-03-08", "2024-03-09", "", "2023-02-29"},
	"AutoRenew":             {"on", "off", "", "On"},
	"Status":                {"active", "Active,suspended", "deleted", "", ","},
	"TermDuration":          {"P1Y", "P1Y,P3Y", "", "1Y"},
	"ResourceType":          {"order", "customer_user", "", "a-b"},
	"OperationType":         {"create_order", "create_order,update_order", "", ","},
	"Since":                 {"", "x"},
	"ProductType":           {"Azure", "Software", "OnlineServicesNCE", "", "a-b"},
	"ProductSubtype":        {"VirtualMachines", "Perpetual", "a", "", "*"},
	"TargetView":            {"Azure", "Software", "SpecializedOffers", "", "azure"},
	"CustomerTenantID":      {contoso, strings.ToUpper(contoso), contoso, contoso, "x"},
	"InvoiceID":             {"G000024130", "Recurring-D030001TFO", "a", "a_b"},
	"Unknown":               {"1"},
}

// TestStubsAndActionsBindAlike sends random arguments through the generated server and through
// Actions and compares what Partner Center receives and what the caller gets.
func TestStubsAndActionsBindAlike(t *testing.T) {
	var upstream upstreamRecorder
	fake := httptest.NewServer(&upstream)
	t.Cleanup(fake.Close)
	s := newService(t, fake.URL)
	for path, item := range spec(t).Paths.Map() {
		var names []string
		for _, p := range slices.Concat(item.Parameters, item.Get.Parameters) {
			names = append(names, p.Value.Name)
		}
		t.Run(item.Get.OperationID, rapid.MakeCheck(func(t *rapid.T) {
			arguments := drawArguments(t, path, names)
			for _, name := range []string{"ContinuationToken", "Since"} {
				if text := arguments.Get(name); text != "" && rapid.Bool().Draw(t, "seal "+name) {
					arguments.Set(name, s.sealer.Seal(item.Get.OperationID, text))
				}
			}
			w := get(s.handler, target(path, arguments))
			overHTTP := upstream.last()
			text, err := s.run(context.Background(), item.Get.OperationID, arguments)
			if diff := cmp.Diff(overHTTP, upstream.last()); diff != "" {
				t.Errorf("Partner Center received another request (- HTTP, + Actions):\n%s", diff)
			}
			switch {
			case (err == nil) != (w.Code < http.StatusMultipleChoices):
				t.Errorf("HTTP answered %d, the action failed with %v: %s", w.Code, err, w.Body)
			case err == nil && string(withoutSeals([]byte(text))) != string(withoutSeals(w.Body.Bytes())):
				t.Errorf("HTTP answered %q, the action %q", w.Body, text)
			case err != nil && !strings.Contains(w.Body.String(), `"code":"`+err.Error()+`"`):
				t.Errorf("HTTP answered %s, the action failed with %v", w.Body, err)
			}
		}))
	}
}

// drawArguments draws arguments with some of names, and sometimes with an unknown one. Those of the
// path are always there.
func drawArguments(t *rapid.T, path string, names []string) url.Values {
	arguments := url.Values{}
	for _, name := range append(names, "Unknown") {
		likely := 0.4
		switch {
		case strings.Contains(path, "{"+name+"}"):
			likely = 1
		case name == "Unknown":
			likely = 0.05
		}
		if rapid.Float64Range(0, 1).Draw(t, "send "+name) <= likely {
			arguments.Set(name, rapid.SampledFrom(values[name]).Draw(t, name))
		}
	}
	return arguments
}

// target returns the request target of a path template with arguments.
func target(template string, arguments url.Values) string {
	query := url.Values{}
	for name, value := range arguments {
		if placeholder := "{" + name + "}"; strings.Contains(template, placeholder) {
			template = strings.Replace(template, placeholder, value[0], 1)
		} else {
			query[name] = value
		}
	}
	return template + "?" + query.Encode()
}
