package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Text waits for a visible element that matches the selector, and returns its text as it is
// rendered, or the value of a field.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	p.WaitVisible(selector)
	texts := p.Texts(selector)
	if len(texts) == 0 {
		p.t.Fatalf("%s was visible but is gone", selector)
	}
	return texts[0]
}

// Texts returns the texts of all elements that match the selector and are visible now.
func (p *Page) Texts(selector string) []string {
	p.t.Helper()
	var texts []string
	p.read("all("+quote(selector)+").map(textOf)", &texts)
	return texts
}

// Count returns how many elements match the selector and are visible now.
func (p *Page) Count(selector string) int {
	p.t.Helper()
	var n int
	p.read("all("+quote(selector)+").length", &n)
	return n
}

// read evaluates an expression with the functions of page.js.
func (p *Page) read(js string, result any) {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	if err := p.evaluate(ctx, js, result); err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
}

// Focused describes the element with the focus by its tag, its ID, and the role and name that
// assistive technology gets, such as: button#save button "Save". It is the body if nothing has the
// focus.
func (p *Page) Focused() string {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	fail := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatalf("describe the element with the focus: %v", err)
		}
	}
	element, err := chromedp.Run(ctx, chromedp.Evaluate[*runtime.RemoteObject]("document.activeElement"))
	fail(err)
	tree, err := chromedp.Call(ctx, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{
		ObjectID: element.ObjectID, FetchRelatives: new(bool),
	})
	fail(err)
	description, _, _ := strings.Cut(element.Description, ".") // such as button#save.class
	for _, node := range tree.Nodes {
		if !node.Ignored {
			description += fmt.Sprintf(" %s %q", axText(node.Role), axText(node.Name))
		}
	}
	return description
}

func axText(v *accessibility.Value) string {
	var text string
	if v != nil {
		_ = json.Unmarshal(v.Value, &text) // other types are not shown
	}
	return text
}

// FirstPaint waits until the page shows text or a picture, and returns how long that took from the
// start of the navigation.
func (p *Page) FirstPaint() time.Duration {
	p.t.Helper()
	const entry = "performance.getEntriesByName('first-contentful-paint')[0]"
	p.Wait(entry)
	var ms float64
	p.Evaluate(entry+".startTime", &ms)
	return time.Duration(ms * float64(time.Millisecond))
}
