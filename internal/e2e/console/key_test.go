package console_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/sandboxtest"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// realService serves a service between a fake Entra ID and a fake Partner Center, with the console
// switched on.
func realService(t *testing.T) (service, *fakepartner.Server) {
	t.Helper()
	browser.Start(t)
	known := new(secret.Set)
	entra := fakeentra.New(t, known)
	upstream := fakepartner.New(t, entra.Accepts)
	key := secret.NewAPIKey()
	keys := filepath.Join(t.TempDir(), "keys")
	line := fmt.Sprintf("makers %x\n", sha256.Sum256([]byte(key)))
	if err := os.WriteFile(keys, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := append(entra.Env(t), "CONNECTOR_UPSTREAM_URL="+upstream.URL, "CONNECTOR_API_KEYS_FILE="+keys,
		"CONNECTOR_CONSOLE=true")
	return watch(t, sandboxtest.Run(t, environment), key), upstream
}

// TestKey checks that outside the sandbox the user must enter a key, and that it stays in the memory of
// the tab.
func TestKey(t *testing.T) {
	t.Parallel()
	s, _ := realService(t)
	p := open(t, s, "#/actions/GetAllCustomers")
	if got := value[string](p, "document.querySelector('.key input').value"); got != "" {
		t.Errorf("the key is %q", got)
	}
	if got := p.Texts(".banner"); len(got) > 0 {
		t.Errorf("the page says %q outside the sandbox", got)
	}
	p.run()
	anonymous := s
	anonymous.key = ""
	want := anonymous.fail(t, "/v1/customers", 401)
	p.WaitText(".problem .status", "401")
	p.WaitText(".problem .code", want.Error.Code)

	p.Type(".key input", "wrong")
	p.run()
	p.WaitText(".problem .code", "InvalidApiKey")
	p.Press("Tab")
	p.SetValue(".key input", "")
	p.Type(".key input", s.key)
	p.run()
	p.WaitText(".result .status", "200")
	p.view("JSON")
	p.checkNoKey(t, s)
	p.view("curl")
	p.WaitText(".result pre", "$CONNECTOR_KEY")
	p.checkNoKey(t, s)
	for _, a := range s.traffic.all() {
		if strings.Contains(a.target, s.key) {
			t.Errorf("the key is in the address %s", a.target)
		}
	}

	p.Evaluate("void (window.isOld = true, location.reload())", nil)
	p.Wait("!window.isOld && document.querySelector('.key input')?.value === ''")
	p.WaitText("h1", "Get all customers")
}

// checkNoKey checks that the key is neither in the address nor in the document.
func (p tab) checkNoKey(t *testing.T, s service) {
	t.Helper()
	for what, js := range map[string]string{
		"address":  "location.href",
		"document": "document.documentElement.outerHTML",
		"history":  "JSON.stringify(history.state)",
		"texts":    "document.body.innerText",
	} {
		if strings.Contains(value[string](p, js), s.key) {
			t.Errorf("the %s has the key", what)
		}
	}
}

// TestKeyOfPicker checks that a picker says what it lacks without a key, and asks again once it has one.
func TestKeyOfPicker(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s, _ := realService(t)
	p := open(t, s, "#/actions/GetCustomerDetails")
	p.Click("#CustomerTenantID")
	p.WaitText("value-picker .popup small", "The call carries no credential.")
	p.Type(".key input", s.key)
	p.Click("#CustomerTenantID")
	p.WaitText("[role=option]", "Contoso Ü")
	p.Press("ArrowDown", "Enter", "Enter")
	p.settle()
	p.WaitText(field("customDomains"), "contoso.example")
}
