package console_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// pages are the pages of the console with what each shows once it has its data.
var pages = []struct{ name, label, title, final string }{
	{"actions", "Actions", "Get all customers", grid},
	{"limit", "Limit", "Limit", "#calls-left"},
	{"register", "Register", "Register", "a[download]"},
	{"agents", "Agents", "Agents", "pre"},
	{"sandbox", "Sandbox", "Sandbox", "#reach-limit"},
	{"about", "About", "About", ".ready"},
}

// A device is a screen with a color scheme. It shows all pages, or only the first.
type device struct {
	browser.Options
	onlyFirst bool
}

func (d device) String() string {
	scheme := "light"
	if d.Dark {
		scheme = "dark"
	}
	return fmt.Sprintf("%s-%dx%d", scheme, d.Width, d.Height)
}

var devices = []device{
	{Options: browser.Options{Width: 1280, Height: 800}},
	{Options: browser.Options{Width: 390, Height: 844, Dark: true}},
	{Options: browser.Options{Width: 1600, Height: 1000}, onlyFirst: true},
	{Options: browser.Options{Width: 768, Height: 1024}, onlyFirst: true},
}

// onEachPage opens the console on each device and calls check for each page in its final state.
func onEachPage(t *testing.T, check func(t *testing.T, p tab, d device, page string)) {
	s := sandbox(t)
	for _, d := range devices {
		t.Run(d.String(), func(t *testing.T) {
			d.ReducedMotion = true
			p := openWith(t, s, "#/actions/GetAllCustomers", d.Options)
			p.Type("#Size", "30")
			p.run()
			for _, page := range pages {
				p.visit("#/"+page.name, page.title)
				p.WaitVisible(page.final)
				if page.name == "about" {
					p.Wait("document.querySelector('.ready').innerText === 'ready'")
				}
				check(t, p, d, page.name)
				if d.onlyFirst {
					break
				}
			}
		})
	}
}

// TestPages checks that every page in the navigation has one heading and fits the width of the screen.
func TestPages(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	onEachPage(t, func(t *testing.T, p tab, _ device, page string) {
		if got := p.Texts("h1"); len(got) != 1 {
			t.Errorf("%s: the headings are %q", page, got)
		}
		if got := p.Texts("nav[aria-label=Pages] [aria-current=page]"); len(got) != 1 {
			t.Errorf("%s: the current pages are %q", page, got)
		}
		if over := value[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("%s is %d pixels wider than the screen", page, over)
		}
	})
}

// TestPageList checks that the navigation has exactly the pages that the tests know.
func TestPageList(t *testing.T) {
	t.Parallel()
	p := open(t, sandbox(t), "#/about")
	p.WaitText(".ready", "ready")
	var want []string
	for _, page := range pages {
		want = append(want, page.label)
	}
	if got := p.Texts("nav[aria-label=Pages] a"); !slices.Equal(got, want) {
		t.Errorf("the pages are %q, want %q", got, want)
	}
}

// TestCompareScreenshotOfPages checks that every page looks like its golden file.
func TestCompareScreenshotOfPages(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	onEachPage(t, func(_ *testing.T, p tab, d device, page string) {
		p.Evaluate("scrollTo(0, 0)", nil)
		p.CompareScreenshot(page + "-" + d.String())
	})
}

// TestNarrowList checks that an action is chosen from the list of a narrow screen.
func TestNarrowList(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := openWith(t, sandbox(t), "#/actions/GetAllCustomers", browser.Options{Width: 390, Height: 844})
	p.SetValue(".narrow select", "#/actions/GetAccountBalance")
	p.WaitText("h1", "Get account balance")
	p.run()
	p.WaitVisible(grid)
	p.visit("#/actions/GetInvoices", "Get invoices")
	if got := value[string](p, "document.querySelector('.narrow select').value"); got != "#/actions/GetInvoices" {
		t.Errorf("the list shows %s", got)
	}
	p.run()
	if over := value[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		t.Errorf("the page is %d pixels wider than the screen", over)
	}
}
