package browser_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/tier"
)

func TestInput(t *testing.T) {
	p := open(t, site{
		body: `<label for="name">Your name</label> <input id="name">
			<select id="color" aria-label="Color"><option>red<option>blue</select>
			<button id="greet" disabled>Greet</button> <button>Other “one”</button>
			<p id="out"></p><p hidden>hidden</p>
			<div class="far"><a href="#far" id="far">far away</a></div>`,
		style: `.far { margin-top: 3000px }`,
		script: `const out = document.querySelector('#out'), greet = document.querySelector('#greet');
			const field = document.querySelector('#name');
			field.addEventListener('keydown', e => { if (e.key === 'Enter') out.textContent = 'entered' });
			field.addEventListener('input', () => setTimeout(() => { greet.disabled = false }, 50));
			document.querySelector('#color').addEventListener('change', e => { out.textContent = e.target.value });
			greet.addEventListener('click', e => {
				out.textContent = 'Hello ' + field.value + ' ' + e.isTrusted });`,
	})
	p.Type("#name", "Zoë 1")
	if focused := p.Focused(); focused != `input#name textbox "Your name"` {
		t.Errorf("the focus is on %s", focused)
	}
	p.Press("Enter")
	p.WaitText("#out", "entered")
	p.Click("#greet")
	p.WaitText("#out", "Hello Zoë 1 true")
	p.SetValue("#color", "blue")
	p.WaitText("#out", "blue")
	p.Press("Shift+Tab")
	if focused := p.Focused(); focused != `select#color combobox "Color"` {
		t.Errorf("the focus is on %s", focused)
	}
	p.ClickText("button", "Other “")
	if focused := p.Focused(); focused != `button button "Other “one”"` {
		t.Errorf("the focus is on %s", focused)
	}
	p.Press("Shift+Tab", "Space")
	p.WaitText("#out", "Hello")
	p.Click("#far")
	p.Wait("location.hash === '#far'")
	if texts := p.Texts("button"); !slices.Equal(texts, []string{"Greet", "Other “one”"}) {
		t.Errorf("the texts are %q", texts)
	}
	if text := p.Text("#name"); text != "Zoë 1" {
		t.Errorf("the text is %q", text)
	}
	if n := p.Count("p"); n != 1 {
		t.Errorf("%d paragraphs are visible, want 1", n)
	}
	p.Press("Control+a", "Home", "PageDown")
}

// TestClickWaits checks that a click waits until nothing covers or moves the element.
func TestClickWaits(t *testing.T) {
	tier.Full(t)
	p := open(t, site{
		body:  `<button id="b">Button</button><div id="cover">Wait</div>`,
		style: `#cover { position: fixed; inset: 0; background: white }`,
		script: `setTimeout(() => document.querySelector('#cover').remove(), 100);
			document.querySelector('#b').addEventListener('click', () => { window.clicked = true })`,
	})
	p.Click("#b")
	p.WaitGone("#cover")
	p.Wait("window.clicked")
}

func TestOptions(t *testing.T) {
	tier.Full(t)
	address := serve(t, site{})
	const state = `[innerWidth, innerHeight, devicePixelRatio, navigator.language,
		new Intl.NumberFormat().resolvedOptions().locale, Intl.DateTimeFormat().resolvedOptions().timeZone,
		matchMedia('(prefers-color-scheme: dark)').matches, matchMedia('(prefers-reduced-motion: reduce)').matches,
		document.hasFocus(), document.visibilityState].join(' ')`
	tests := []struct {
		name    string
		options browser.Options
		want    string
	}{
		{"defaults", browser.Options{}, "1280 800 1 en-US en-US UTC false false true visible"},
		{"others", browser.Options{
			Width: 360, Height: 640, Dark: true, ReducedMotion: true, Locale: "de-DE", Timezone: "Europe/Vienna",
		}, "360 640 1 de-DE de-DE Europe/Vienna true true true visible"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := browser.Start(t).Open(t, address, test.options)
			var got string
			p.Evaluate(state, &got)
			if got != test.want {
				t.Errorf("the page has %s, want %s", got, test.want)
			}
			if p.FirstPaint() <= 0 {
				t.Error("the first paint took no time")
			}
			var answer string
			p.Evaluate("fetch('/answer').then(r => r.text())", &answer)
			if answer != "hello" {
				t.Errorf("the answer is %q", answer)
			}
		})
	}
}

// TestIsolation checks that pages share no storage and no problems.
func TestIsolation(t *testing.T) {
	tier.Full(t)
	b, address := browser.Start(t), serve(t, site{})
	one, other := b.Open(t, address, browser.Options{}), b.Open(t, address, browser.Options{})
	one.Evaluate("localStorage.setItem('k', 'v')", nil)
	if problems := other.Problems(); problems != nil {
		t.Errorf("the problems are %q", problems)
	}
	if problems := strings.Join(one.Problems(), ""); problems != "storage: localStorage k" {
		t.Errorf("the problems are %q", problems)
	}
}
