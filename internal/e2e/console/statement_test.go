package console_test

import (
	"bytes"
	"strings"
	"testing"
)

// TestStatement checks that the PDF of an invoice opens in a new tab, and that it can be saved.
func TestStatement(t *testing.T) {
	s := sandbox(t)
	invoice := s.items(t, "/v1/invoices?Size=1")[0]["id"].(string)
	p := open(t, s, "#/actions/GetInvoiceStatement")
	p.SetValue("#InvoiceID", invoice)
	p.run()
	p.WaitText(".file", "application/pdf")
	p.Click(".open-file")
	if got := p.WaitPopup(); !strings.HasPrefix(got, "blob:"+s.address+"/") {
		t.Errorf("the new tab shows %s", got)
	}
	p.ClickText(".file a", "Download")
	name, content := p.WaitDownload()
	want := s.get(t, "/v1/invoices/"+invoice+"/documents/statement").body
	if !strings.HasSuffix(name, ".pdf") || !bytes.HasPrefix(content, []byte("%PDF")) || !bytes.Equal(content, want) {
		t.Errorf("got %s with %.20q", name, content)
	}
}
