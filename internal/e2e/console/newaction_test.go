package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/partner-center/connector/internal/console"
	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/reply"
)

// newDefinition has an action that the console has never seen, with every kind of parameter.
const newDefinition = `{"swagger": "2.0", "info": {"title": "Partner Center"}, "paths": {
	"/v1/fleets/{Fleet}/cars": {"get": {
		"operationId": "GetCars", "summary": "Get cars", "description": "Lists cars.", "tags": ["Cars"],
		"x-ms-pageable": {"nextLinkName": "nextLink"},
		"parameters": [
			{"name": "Fleet", "in": "path", "required": true, "type": "string", "x-ms-summary": "Fleet of Cars",
				"x-ms-dynamic-values": {"operationId": "ListFleets", "value-collection": "fleets", "value-path": "key",
					"value-title": "about/title", "parameters": {}}},
			{"name": "Color", "in": "query", "required": true, "type": "string", "x-ms-summary": "Color of the Car",
				"enum": ["r", "g"], "x-ms-enum-values": [{"value": "r", "displayName": "Red as blood"},
					{"value": "g", "displayName": "Green as grass"}]},
			{"name": "Seats", "in": "query", "type": "integer", "minimum": 2, "maximum": 9,
				"x-ms-summary": "Number of Seats"},
			{"name": "Since", "in": "query", "type": "string", "x-ms-summary": "Built Since",
				"x-ms-visibility": "advanced"}],
		"responses": {"200": {"schema": {"$ref": "#/definitions/Cars"}}}}},
	"/v1/fleets": {"get": {
		"operationId": "ListFleets", "summary": "List fleets", "x-ms-visibility": "internal",
		"responses": {"200": {"schema": {"type": "object"}}}}}},
	"definitions": {
		"Cars": {"type": "object", "required": ["cars"], "properties": {
			"cars": {"type": "array", "items": {"$ref": "#/definitions/Car"}}, "nextLink": {"type": "string"}}},
		"Car": {"type": "object", "properties": {
			"plate": {"type": "string", "x-ms-summary": "License Plate"},
			"price": {"type": "number", "x-ms-summary": "Price"},
			"engine": {"type": "object", "x-ms-summary": "Engine", "properties": {
				"power": {"type": "integer", "x-ms-summary": "Power"}}},
			"wheels": {"type": "array", "x-ms-summary": "Wheels", "items": {"type": "object", "properties": {
				"size": {"type": "integer", "x-ms-summary": "Size of the Wheel"}}}}}}}}`

const (
	fleets = `{"fleets":[{"key":"a/b","about":{"title":"City"}},{"key":"c","about":{"title":"Country"}}]}`
	cars   = `{"cars":[{"plate":"W-1","price":1234.50,"engine":{"power":90},"wheels":[{"size":16},{"size":17}]}]}`
)

// newService serves the console for newDefinition, and the actions of it.
func newService(t *testing.T) service {
	t.Helper()
	browser.Start(t)
	handler := console.New(console.Config{
		Service: console.Service{
			SignIn: []string{"api-key"}, LimitCalls: 100, LimitSeconds: 60,
			Operations: map[string]console.Operation{},
		},
		Definition: func() ([]byte, error) { return []byte(newDefinition), nil },
		Icon:       []byte("\x89PNG\r\n\x1a\n"),
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/fleets":
			reply.JSON(fleets)(w, r)
		case "/v1/fleets/a/b/cars":
			reply.JSON(cars)(w, r)
		default:
			handler.Serve(w, r, r.URL.Path, "http://"+r.Host)
		}
	}))
	t.Cleanup(server.Close)
	return watch(t, server.URL, "key")
}

// TestNewAction checks that an action appears, with its form and its table, by the definition alone.
func TestNewAction(t *testing.T) {
	s := newService(t)
	p := open(t, s, "")
	p.WaitText("h1", "Get cars")
	if got := p.Texts(".action-list a"); !slices.Equal(got, []string{"Get cars"}) {
		t.Errorf("the actions are %q", got)
	}
	p.Click("form summary")
	labels := []string{"Fleet of Cars required", "Color of the Car required", "Number of Seats", "Built Since"}
	if got := p.Texts(".field label"); !slices.Equal(got, labels) {
		t.Errorf("the labels are %q, want %q", got, labels)
	}
	choices := []string{"Choose one", "Red as blood", "Green as grass"}
	js := "[...document.querySelectorAll('#Color option')].map(e => e.innerText)"
	if got := value[[]string](p, js); !slices.Equal(got, choices) {
		t.Errorf("the choices are %q, want %q", got, choices)
	}
	p.Click("form button[type=submit]")
	p.WaitText("#Fleet-error", "Fleet of Cars is required.")
	p.pick("Fleet", "City")
	p.SetValue("#Color", "g")
	p.Type("#Seats", "1")
	p.Press("Enter")
	p.WaitText("#Seats-error", "Number of Seats is not valid.")
	p.SetValue("#Seats", "9")
	p.run()
	if got, want := s.traffic.latest(t).target, "/v1/fleets/a%2Fb/cars?Color=g&Seats=9"; got != want {
		t.Errorf("the page called %s, want %s", got, want)
	}
	checkCars(t, p)
}

// checkCars checks the table of the cars.
func checkCars(t *testing.T, p tab) {
	t.Helper()
	headers := []string{"License Plate", "Price", "Engine\nPower", "Wheels"}
	if got := p.Texts(grid + " > thead th"); !slices.Equal(got, headers) {
		t.Errorf("the headers are %q, want %q", got, headers)
	}
	if got := fmt.Sprintf("%q", p.Texts(grid+" > tbody > tr > td")); got != `["W-1" "1,234.5" "90" "▸ 2 rows"]` {
		t.Errorf("the row is %s", got)
	}
	p.Click(field("wheels"))
	p.WaitText("tr.opened th", "Size of the Wheel")
	want := "items('Apply_to_each')?['engine']?['power']"
	p.Click(field("engine.power"))
	p.expectCopied(t, "Copied "+want, want)
}
