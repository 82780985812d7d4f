package browser

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Clipboard returns the text of the clipboard. All pages of the browser share it, so tests that use
// it must not run in parallel. Wait until the page reports that it has copied before you call it.
func (p *Page) Clipboard() string {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	if err := p.allow(ctx, "clipboard-read"); err != nil {
		p.t.Fatal(err)
	}
	var text string
	p.Evaluate("navigator.clipboard.readText()", &text)
	return text
}

// allow grants the page a permission. Pages may write to the clipboard from the start, as in a browser with
// a user interface, which allows that after a click.
func (p *Page) allow(ctx context.Context, name string) error {
	_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission:       &browser.PermissionDescriptor{Name: name},
		Setting:          browser.PermissionSettingGranted,
		Origin:           p.origin,
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	if err != nil {
		return fmt.Errorf("allow %s: %w", name, err)
	}
	return nil
}
