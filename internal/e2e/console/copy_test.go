package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestCopyOfRow checks what a click on a cell of a list copies.
func TestCopyOfRow(t *testing.T) {
	p := open(t, sandbox(t), "")
	p.settle()
	p.Click(".columns > summary")
	p.ClickText(".columns label", "Company: Tenant ID")
	p.Click(".columns > summary")
	cell := field("companyProfile.tenantId")

	flow := "items('Apply_to_each')?['companyProfile']?['tenantId']"
	p.Click(cell)
	p.expectCopied(t, "Copied "+flow, flow)
	p.copies("Power Fx path")
	p.Click(cell)
	p.expectCopied(t, "Copied ThisItem.", "ThisItem.companyProfile.tenantId")
	p.copies("Value")
	p.Click(cell)
	p.expectCopied(t, "Copied "+contoso, contoso)
}

// TestCopyWithLoop checks that expressions have the name of the loop in the maker's flow, quoted.
func TestCopyWithLoop(t *testing.T) {
	tier.Full(t)
	p := open(t, sandbox(t), "")
	p.settle()
	p.SetValue(".loop input", "For_each_customer's")
	want := "items('For_each_customer''s')?['id']"
	p.Click(field("id"))
	p.expectCopied(t, "Copied "+want, want)
	p.ClickText(".copying button", "Copy")
	p.expectCopied(t, "Copied the expression for the list", "body('Get_all_customers')?['items']")
	p.SetValue(".loop input", " ")
	want = "items('Apply_to_each')?['id']"
	p.Click(field("id"))
	p.expectCopied(t, "Copied "+want, want)
}

// TestCopyOfRecord checks what is copied of an answer that is one thing, with the buttons too.
func TestCopyOfRecord(t *testing.T) {
	tier.Full(t)
	p := open(t, sandbox(t), "#/actions/GetCustomerDetails")
	p.pick("CustomerTenantID", "Contoso Ltd")
	p.run()
	cell := field("companyProfile.companyName")
	want := "body('Get_customer_details')?['companyProfile']?['companyName']"
	p.Click(cell)
	p.expectCopied(t, "Copied "+want, want)
	p.copies("Power Fx path")
	want = fmt.Sprintf(`PartnerCenter.GetCustomerDetails("%s").companyProfile.companyName`, contoso)
	p.Click(cell)
	p.WaitText(".notice", "Copied ")
	if got := p.Clipboard(); !strings.HasSuffix(got, strings.TrimPrefix(want, "PartnerCenter")) {
		t.Errorf("the clipboard has %q, want something like %q", got, want)
	}
	p.Click(`.inspector button[aria-label="Copy Value"]`)
	p.expectCopied(t, "Copied Value", "Contoso Ltd")
}

// TestCopyOfNestedRows checks that nested rows are those of a loop of their own.
func TestCopyOfNestedRows(t *testing.T) {
	tier.Full(t)
	p := open(t, sandbox(t), "#/actions/GetCustomerOrders")
	p.pick("CustomerTenantID", "Contoso Ltd")
	p.run()
	p.Click(field("lineItems"))
	want := "items('Apply_to_each_2')?['offerId']"
	p.Click(`tr.opened td[data-field="offerId"]`)
	p.expectCopied(t, "Copied "+want, want)
	p.copies("Power Fx path")
	p.Click(`tr.opened td[data-field="offerId"]`)
	p.expectCopied(t, "Copied ThisItem.offerId", "ThisItem.offerId")
}

// TestCopyOfBlocks checks that the buttons of JSON and curl copy what is shown.
func TestCopyOfBlocks(t *testing.T) {
	tier.Full(t)
	s := sandbox(t)
	p := open(t, s, "#/actions/GetInvoices")
	p.run()
	a := s.get(t, s.traffic.latest(t).target)
	var want bytes.Buffer
	if err := json.Indent(&want, bytes.TrimSpace(a.body), "", "  "); err != nil {
		t.Fatal(err)
	}
	p.view("JSON")
	p.Click(".code-block button")
	// The digits are those of the answer: JavaScript would write 0.0 as 0.
	if !strings.Contains(want.String(), `"totalCharges": -4410.20,`) || !strings.Contains(want.String(), ": 0.0,") {
		t.Error("the sandbox has no amounts that JavaScript would change")
	}
	p.expectCopied(t, "Copied the answer as JSON", want.String())
	p.view("curl")
	p.ClickText(".result h2 + .code-block button", "Copy")
	p.expectCopied(t, "Copied the command for Bash",
		fmt.Sprintf(`curl -s -H "X-Api-Key: sandbox" '%s/v1/invoices'`, s.address))
}

// TestCopyOfSnippets checks that the settings of every host of agents are copied as they are shown.
func TestCopyOfSnippets(t *testing.T) {
	tier.Full(t)
	p := open(t, sandbox(t), "#/agents")
	hosts, texts := p.Texts("main h2"), p.Texts(".code-block code")
	if len(hosts) == 0 || len(texts) != len(hosts) {
		t.Fatalf("the hosts %q have %d snippets", hosts, len(texts))
	}
	for i, host := range hosts {
		what := "the settings of " + host
		p.Click(fmt.Sprintf(`button[aria-label="Copy %s"]`, what))
		p.expectCopied(t, "Copied "+what, texts[i])
	}
}

// TestRawValues checks that digits which JavaScript would change are shown and copied as they were sent.
func TestRawValues(t *testing.T) {
	tier.Full(t)
	s := sandbox(t)
	p := open(t, s, "#/actions/GetInvoices")
	p.run()
	p.Click(field("totalCharges") + `[title="-4410.20"]`)
	p.WaitText(".inspector dd", "-4410.20")
	p.Click(`.inspector button[aria-label="Copy Value"]`)
	p.expectCopied(t, "Copied Value", "-4410.20")
}

// documentation returns a file of the documentation.
func documentation(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestLongNotice checks that the message about a long text that was copied leaves the page in sight.
func TestLongNotice(t *testing.T) {
	tier.Full(t)
	s, partner := realService(t)
	partner.Answer(customersNamed(hostile))
	p := openWith(t, s, "#/actions/GetAllCustomers", browser.Options{Width: 390, Height: 844})
	p.Type(".key input", s.key)
	p.Press("Tab")
	p.run()
	p.copies("Value")
	p.ClickText(field("companyProfile.companyName"), "long long")
	p.WaitText(".notice", "Copied long")
	if h := value[int](p, "Math.round(document.querySelector('.notice').getBoundingClientRect().height)"); h > 300 {
		t.Errorf("the message is %d pixels high", h)
	}
	if over := value[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		t.Errorf("the page is %d pixels wider than the screen", over)
	}
}

// TestCopyWithoutClipboard copies in a page that may not use the clipboard of the browser, as one that is neither
// https nor on this computer.
func TestCopyWithoutClipboard(t *testing.T) {
	tier.Full(t)
	p := open(t, sandbox(t), "#/actions/GetAccountBalance")
	p.run()
	p.Evaluate("void Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })", nil)
	p.Click(field("currencyCode"))
	want := "body('Get_account_balance')?['currencyCode']"
	p.WaitText(".notice", "Copied "+want)
	p.Evaluate("delete navigator.clipboard", nil)
	if got := p.Clipboard(); got != want {
		t.Errorf("the clipboard has %q, want %q", got, want)
	}
}
