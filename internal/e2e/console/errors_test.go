package console_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// failingCustomers returns the customers of the sandbox for which every call fails.
func failingCustomers(t *testing.T, s service) []string {
	t.Helper()
	var description struct {
		Sandbox struct{ Failures []struct{ ID string } }
	}
	s.get(t, "/console/service.json").decode(t, &description)
	var ids []string
	for _, f := range description.Sandbox.Failures {
		ids = append(ids, f.ID)
	}
	if len(ids) == 0 {
		t.Fatal("the sandbox has no failing customer")
	}
	return ids
}

// TestErrors checks that one click on a failing customer explains the error that the service answers.
func TestErrors(t *testing.T) {
	tier.Full(t)
	s := sandbox(t, "--upstream-timeout=1s")
	docs := documentation(t, "errors.md")
	for _, id := range failingCustomers(t, s) {
		t.Run(id, func(t *testing.T) {
			p := open(t, s, "#/sandbox")
			p.Click(fmt.Sprintf(`button[aria-label$="%s"]`, id))
			p.settle()
			p.WaitText("h1", "Get customer details")
			checkProblem(t, p, s, "/v1/customers/"+id, docs)
		})
	}
}

// checkProblem compares the problem on the page with the service's answer to the same call.
func checkProblem(t *testing.T, p tab, s service, target, docs string) {
	t.Helper()
	seen := s.traffic.latest(t) // what the page got
	a := s.get(t, target)
	var want failure
	a.decode(t, &want)
	if seen.target != target {
		t.Errorf("the page called %s, want %s", seen.target, target)
	}
	if got := p.Text(".problem .status"); got != fmt.Sprint(a.status) {
		t.Errorf("the status is %s, want %d", got, a.status)
	}
	if got := p.Text(".problem .code"); got != want.Error.Code {
		t.Errorf("the code is %s, want %s", got, want.Error.Code)
	}
	if got := p.Text(".problem .happened") + " " + p.Text(".problem .remedy"); got != want.Message {
		t.Errorf("the explanation is %q, want %q", got, want.Message)
	}
	p.Click(`.problem button[aria-label="Copy the request ID"]`)
	p.expectCopied(t, "Copied the request ID", seen.header.Get("MS-RequestId"))
	if got := value[string](p, "document.querySelector('.problem footer a[target]').href"); !strings.HasSuffix(got,
		"/docs/errors.md#"+want.Error.Code) {
		t.Errorf("the link goes to %s", got)
	}
	if !strings.Contains(docs, fmt.Sprintf(`<a id="%s"></a>`, want.Error.Code)) {
		t.Errorf("the documentation has no row for %s", want.Error.Code)
	}
}

// TestUnreachable checks that the console explains a service that is gone.
func TestUnreachable(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "")
	p.settle()
	p.Evaluate("void (fetch = () => Promise.reject(new TypeError('Failed to fetch')))", nil)
	p.Click("form button[type=submit]")
	p.WaitText(".problem .happened", "The service did not answer.")
	p.WaitText(".problem .remedy", "Check that it is running")
}
