package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axe is axe-core, https://github.com/dequelabs/axe-core.
//
//go:embed testdata/axe.min.js
var axe string

// violation is a rule of axe-core that elements of a page break.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target         []any // a selector for each frame or shadow root
		FailureSummary string
	}
}

func (v violation) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "accessibility: %s (%s): %s", v.ID, v.Impact, v.Help)
	for i, node := range v.Nodes {
		if i == 5 {
			fmt.Fprintf(&text, "\n  and %d more", len(v.Nodes)-i)
			break
		}
		fmt.Fprintf(&text, "\n  %v: %s", node.Target, strings.ReplaceAll(node.FailureSummary, "\n", "\n    "))
	}
	return text.String()
}

// CheckAccessibility fails the test for each rule of axe-core that the page breaks in its present
// state.
func (p *Page) CheckAccessibility() {
	p.t.Helper()
	for _, v := range p.violations() {
		p.t.Error(v)
	}
}

// violations runs axe-core in a world of its own, so the page does not see it and its policy does
// not stop it.
func (p *Page) violations() []violation {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	world, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{
		FrameID: cdp.FrameID(chromedp.FromContext(p.ctx).Target.TargetID), WorldName: "axe",
	})
	if err != nil {
		p.t.Fatalf("run axe-core: %v", err)
	}
	if _, err := evaluateIn(ctx, world.ExecutionContextID, axe+"\n;undefined"); err != nil {
		p.t.Fatalf("load axe-core: %v", err)
	}
	result, err := evaluateIn(ctx, world.ExecutionContextID,
		"axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations)")
	if err != nil {
		p.t.Fatalf("run axe-core: %v", err)
	}
	var found []violation
	if err := json.Unmarshal(result, &found); err != nil {
		p.t.Fatalf("run axe-core: %v", err)
	}
	return found
}

// evaluateIn evaluates an expression in a world and returns its value in JSON.
func evaluateIn(ctx context.Context, world runtime.ExecutionContextID, js string) ([]byte, error) {
	within := func(params *runtime.EvaluateParams) { params.ContextID = world }
	return chromedp.Run(ctx,
		chromedp.Evaluate[[]byte](js, chromedp.EvalAwaitPromise, chromedp.EvalAsValue, within))
}
