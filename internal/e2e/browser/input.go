package browser

import (
	"errors"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keys are the characters by which chromedp knows the keys that Press names.
var keys = map[string]string{
	"Tab":        kb.Tab,
	"Enter":      kb.Enter,
	"Space":      " ",
	"Escape":     kb.Escape,
	"Backspace":  kb.Backspace,
	"Delete":     kb.Delete,
	"ArrowUp":    kb.ArrowUp,
	"ArrowDown":  kb.ArrowDown,
	"ArrowLeft":  kb.ArrowLeft,
	"ArrowRight": kb.ArrowRight,
	"Home":       kb.Home,
	"End":        kb.End,
	"PageUp":     kb.PageUp,
	"PageDown":   kb.PageDown,
}

// modifiers are the keys that Press holds down.
var modifiers = map[string]chromedp.Modifier{
	"Shift": chromedp.ModifierShift, "Control": chromedp.ModifierCtrl, "Alt": chromedp.ModifierAlt,
}

// Click waits until the first visible element that matches the selector is enabled, does not move
// and receives the pointer, and clicks the middle of it.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.ClickText(selector, "")
}

// ClickText is like Click for the first visible element whose text contains text.
func (p *Page) ClickText(selector, text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("click %s %q", selector, text), func() error {
		ctx, cancel := p.bounded()
		defer cancel()
		var at struct {
			X, Y   float64
			Reason string
		}
		if err := p.evaluate(ctx, fmt.Sprintf("target(%s, %s)", quote(selector), quote(text)), &at); err != nil {
			return err
		}
		if at.Reason != "" {
			return errors.New(at.Reason)
		}
		if err := chromedp.Do(ctx, chromedp.MouseEvent(chromedp.MouseMoved, at.X, at.Y)); err != nil {
			return err
		}
		if err := chromedp.Do(ctx, chromedp.MouseClickXY(at.X, at.Y)); err != nil {
			p.t.Fatalf("click %s: %v", selector, err) // another attempt could click twice
		}
		return nil
	})
}

// Type clicks the element that matches the selector, and types text with one key after the other.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.Click(selector)
	p.keys(text)
}

// Press presses keys one after the other: Tab, Enter, Space, Escape, Backspace, Delete, ArrowUp,
// ArrowDown, ArrowLeft, ArrowRight, Home, End, PageUp, PageDown, or a character. Shift, Control and
// Alt are put before a key with a plus sign, such as Shift+Tab.
func (p *Page) Press(names ...string) {
	p.t.Helper()
	for _, name := range names {
		held, key := chromedp.ModifierNone, name
		for before, after, ok := strings.Cut(key, "+"); ok && (after != ""); before, after, ok = strings.Cut(key, "+") {
			modifier, known := modifiers[before]
			if !known {
				p.t.Fatalf("press %s: unknown modifier %q", name, before)
			}
			held, key = held|modifier, after
		}
		if special, ok := keys[key]; ok {
			key = special
		}
		if len([]rune(key)) != 1 {
			p.t.Fatalf("press %s: unknown key", name)
		}
		p.keys(key, chromedp.KeyModifiers(held))
	}
}

func (p *Page) keys(text string, options ...chromedp.KeyOption) {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.KeyEvent(text, options...)); err != nil {
		p.t.Fatalf("type %q: %v", text, err)
	}
}

// SetValue waits for a visible field that matches the selector, sets its value and dispatches the
// events input and change. It is for selects and for dates, which keys enter differently in each
// locale.
func (p *Page) SetValue(selector, value string) {
	p.t.Helper()
	p.waitFor("set the value of "+selector, fmt.Sprintf(`(() => {
		const e = find(%s, '');
		if (!e) return 'no visible element';
		e.value = %s;
		e.dispatchEvent(new Event('input', { bubbles: true }));
		e.dispatchEvent(new Event('change', { bubbles: true }));
	})()`, quote(selector), quote(value)))
}
