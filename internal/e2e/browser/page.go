package browser

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Options describe the device and the user of a page.
type Options struct {
	Width, Height int    // of the viewport in CSS pixels, which are those of the screen; 1280 by 800 by default
	Dark          bool   // prefers the dark color scheme
	ReducedMotion bool   // prefers reduced motion
	Locale        string // such as de-DE, en-US by default
	Timezone      string // such as Europe/Vienna, UTC by default
}

// A Page is a tab that shares no state with other pages. Its methods fail the test that opened it,
// so they must be called by the goroutine of that test.
type Page struct {
	t       testing.TB
	ctx     context.Context
	options Options
	problems
	known     []string // storage that Problems has returned
	downloads downloads
	popups    popups
}

// Open opens a URL in a new page, and waits until it has loaded. When the test ends, it closes the
// page and fails the test for each problem that Problems returns.
func (b *Browser) Open(t testing.TB, address string, o Options) *Page {
	t.Helper()
	o.Width, o.Height = cmp.Or(o.Width, 1280), cmp.Or(o.Height, 800)
	o.Locale, o.Timezone = cmp.Or(o.Locale, "en-US"), cmp.Or(o.Timezone, "UTC")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p := &Page{t: t, options: o}
	p.origin = u.Scheme + "://" + u.Host
	p.downloads.dir = t.TempDir()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	p.ctx = ctx
	t.Cleanup(cancel)
	if err := p.prepare(); err != nil {
		t.Fatalf("prepare a page: %v", err)
	}
	t.Cleanup(func() {
		for _, problem := range p.Problems() {
			t.Errorf("%s: %s", address, problem)
		}
	})
	p.Navigate(address)
	return p
}

// Navigate opens a URL in the page, and waits until it has loaded.
func (p *Page) Navigate(address string) {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		p.t.Fatalf("open %s: %v", address, err)
	}
}

// bounded returns a context for one step.
func (p *Page) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, patience)
}

// prepare creates the tab and sets what it emulates and reports.
func (p *Page) prepare() error {
	// The tab lives as long as the context of the first call, so this cannot have a deadline.
	if err := chromedp.Do(p.ctx); err != nil {
		return err
	}
	ctx, cancel := p.bounded()
	defer cancel()
	if err := p.report(ctx); err != nil {
		return err
	}
	if err := p.watchDownloads(ctx); err != nil {
		return err
	}
	if err := p.allow(ctx, "clipboard-write"); err != nil {
		return err
	}
	return p.emulate(ctx)
}

// emulate applies the options.
func (p *Page) emulate(ctx context.Context) error {
	version, err := chromedp.CallBrowser(ctx, browser.GetVersion, cdp.Empty{})
	if err != nil {
		return err
	}
	scheme, motion := "light", "no-preference"
	if p.options.Dark {
		scheme = "dark"
	}
	if p.options.ReducedMotion {
		motion = "reduce"
	}
	metrics := emulation.SetDeviceMetricsOverrideParams{
		Width: int64(p.options.Width), Height: int64(p.options.Height), DeviceScaleFactor: 1,
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: motion},
	}}
	agent := emulation.SetUserAgentOverrideParams{UserAgent: version.UserAgent, AcceptLanguage: p.options.Locale}
	return errors.Join(
		call(ctx, emulation.SetDeviceMetricsOverride, metrics),
		call(ctx, emulation.SetEmulatedMedia, media),
		call(ctx, emulation.SetUserAgentOverride, agent),
		call(ctx, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: p.options.Locale}),
		call(ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: p.options.Timezone}),
		// Only a focused page reads the clipboard, and only one page of a browser has the focus.
		call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}),
	)
}

// report makes the page send its violations of its policy to listen. The script runs in a world of
// its own, so the page does not see it and its policy does not stop it.
func (p *Page) report(ctx context.Context) error {
	const world = "connector-test"
	const script = `addEventListener('securitypolicyviolation', e => reportViolation(
		e.effectiveDirective + ' blocks ' + (e.blockedURI || e.sample) + ' of ' + e.sourceFile + ':' + e.lineNumber,
	), true)`
	binding := runtime.AddBindingParams{Name: "reportViolation", ExecutionContextName: world}
	source := page.AddScriptToEvaluateOnNewDocumentParams{Source: script, WorldName: world}
	return errors.Join(
		call(ctx, runtime.AddBinding, binding),
		call(ctx, page.AddScriptToEvaluateOnNewDocument, source),
	)
}

// listen receives all events of the tab. It is called on one goroutine, which must not wait.
func (p *Page) listen(event any) {
	p.problems.listen(event)
	p.popups.listen(event)
	if _, ok := event.(*page.EventJavascriptDialogOpening); ok {
		go p.dismiss()
	}
}

// dismiss closes a dialog of the page, which would stop it until then.
func (p *Page) dismiss() {
	ctx, cancel := p.bounded()
	defer cancel()
	// A failure shows in the next step of the test.
	_ = call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
}

// call sends a command to the tab and ignores its result.
func call[P, R any](ctx context.Context, command cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(ctx, command, params)
	return err
}
