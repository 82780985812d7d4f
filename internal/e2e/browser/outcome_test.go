package browser_test

import (
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

func TestClipboard(t *testing.T) {
	tier.Full(t)
	p := open(t, site{
		body: `<button>Copy</button><p></p>`,
		script: `document.querySelector('button').addEventListener('click', async () => {
			await navigator.clipboard.writeText('copied text');
			document.querySelector('p').textContent = 'Copied' })`,
	})
	p.Click("button")
	p.WaitText("p", "Copied")
	if text := p.Clipboard(); text != "copied text" {
		t.Errorf("the clipboard has %q", text)
	}
}

func TestDownload(t *testing.T) {
	tier.Full(t)
	p := open(t, site{
		body: `<button>Save</button>`,
		script: `let n = 0;
			document.querySelector('button').addEventListener('click', () => {
				const a = document.createElement('a');
				a.href = URL.createObjectURL(new Blob(['content ' + ++n]));
				a.download = 'same.txt';
				a.click() })`,
	})
	for _, want := range []string{"content 1", "content 2"} {
		p.Click("button")
		if name, content := p.WaitDownload(); (name != "same.txt") || (string(content) != want) {
			t.Errorf("the download is %s with %q, want same.txt with %q", name, content, want)
		}
	}
}

func TestPopup(t *testing.T) {
	tier.Full(t)
	p := open(t, site{
		body: `<a href="https://login.example/sign-in?x=1" target="_blank" rel="noopener noreferrer">Sign in</a>
			<button>Open</button><p>0</p>`,
		script: `const button = document.querySelector('button');
			button.addEventListener('click', () => open('/answer', '_blank', 'noopener'));
			addEventListener('click', () => { document.querySelector('p').textContent++ })`,
	})
	p.Click("a")
	if url := p.WaitPopup(); url != "https://login.example/sign-in?x=1" {
		t.Errorf("the popup has the URL %s", url)
	}
	p.Click("button")
	if url := p.WaitPopup(); !strings.HasSuffix(url, "/answer") {
		t.Errorf("the popup has the URL %s", url)
	}
	p.WaitText("p", "2")
	p.Screenshot() // of a page that is in front again
}
