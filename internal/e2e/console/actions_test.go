package console_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// contoso is the customer of the sandbox that has something of everything.
const contoso = "7d3f1c52-9b84-4e06-a2d7-6c58e0f4b913"

// pick chooses the first choice of a picker whose name begins with text, by the keyboard.
func (p tab) pick(name, text string) {
	p.Type("#"+name, text)
	p.WaitText(fmt.Sprintf("#%s ~ .popup [role=option]", name), text)
	p.Press("ArrowDown", "Enter")
	p.WaitGone("[role=listbox]")
}

// fill fills in a required parameter.
func (p tab) fill(t *testing.T, s service, parameter parameter) {
	t.Helper()
	switch {
	case parameter.Enum != nil:
		p.SetValue("#"+parameter.Name, parameter.Enum[0])
	case parameter.Name == "CustomerTenantID":
		p.pick(parameter.Name, "Contoso Ltd")
	case parameter.Picker != nil:
		p.pick(parameter.Name, "")
	case parameter.Name == "SubscriptionID":
		subscriptions := s.items(t, "/v1/customers/"+contoso+"/subscriptions")
		p.Type("#"+parameter.Name, subscriptions[0]["id"].(string))
	default:
		t.Fatalf("the test has no value for %s", parameter.Name)
	}
}

// TestActions runs every action of the definition with its required values, and looks at its answer in
// every view.
func TestActions(t *testing.T) {
	tier.Full(t)
	s := sandbox(t)
	for _, o := range s.definition(t).actions() {
		t.Run(o.ID, func(t *testing.T) {
			p := open(t, s, "#/actions/"+o.ID)
			p.WaitText("h1", o.Summary)
			for _, parameter := range o.Parameters {
				if parameter.Required {
					p.fill(t, s, parameter)
				}
			}
			p.run()
			checkAnswer(t, p, o)
			checkCurl(t, p, s)
		})
	}
}

// checkAnswer looks at the answer as a table and as JSON, and copies the expression of a field.
func checkAnswer(t *testing.T, p tab, o *operation) {
	t.Helper()
	want := "200"
	if o.Trigger != "" {
		want = "202"
	}
	if got := p.Text(".result .status"); got != want {
		t.Fatalf("the status is %s, want %s", got, want)
	}
	if p.Count(".file") > 0 {
		p.WaitVisible(".open-file")
		return
	}
	if want == "200" {
		checkCell(t, p, o)
	}
	p.view("JSON")
	if !value[bool](p, "typeof JSON.parse(document.querySelector('.result pre').innerText) === 'object'") {
		t.Error("the JSON is no object")
	}
}

// expression is one of a field of an item or of the whole answer.
var expression = regexp.MustCompile(`^(items\('Apply_to_each'\)|body\('\w+'\))(\?\['\w+'\])+$`)

// checkCell copies the expression of a cell with a value.
func checkCell(t *testing.T, p tab, o *operation) {
	t.Helper()
	p.Click(grid + " td[data-cell][title]:not([title=''])")
	p.WaitText(".notice", "Copied")
	copied := p.Clipboard()
	if !expression.MatchString(copied) || p.Text(".notice") != "Copied "+copied {
		t.Errorf("the clipboard has %q, and the page says %q", copied, p.Text(".notice"))
	}
	wholeAnswer := "body('" + strings.ReplaceAll(o.Summary, " ", "_") + "')"
	if strings.HasPrefix(copied, "body(") && !strings.HasPrefix(copied, wholeAnswer) {
		t.Errorf("the expression is %q, want one of %s", copied, wholeAnswer)
	}
}

// checkCurl checks that the commands make the call that the page made.
func checkCurl(t *testing.T, p tab, s service) {
	t.Helper()
	target := s.traffic.latest(t).target
	p.view("curl")
	p.WaitText(".result h2", "PowerShell")
	texts := p.Texts(".result pre")
	for i, program := range []string{"curl", "curl.exe"} {
		want := fmt.Sprintf("%s -s -H \"X-Api-Key: %s\" '%s%s'", program, s.key, s.address, target)
		if texts[i] != want {
			t.Errorf("the command is %q, want %q", texts[i], want)
		}
	}
}
