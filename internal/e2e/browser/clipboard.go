package browser

import (
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Clipboard returns the text of the clipboard. All pages of the browser share it, so tests that use
// it must not run in parallel. Wait until the page reports that it has copied before you call it.
func (p *Page) Clipboard() string {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission:       &browser.PermissionDescriptor{Name: name},
			Setting:          browser.PermissionSettingGranted,
			Origin:           p.origin,
			BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
		})
		if err != nil {
			p.t.Fatalf("allow %s: %v", name, err)
		}
	}
	var text string
	p.Evaluate("navigator.clipboard.readText()", &text)
	return text
}
