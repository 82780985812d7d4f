package browser

import (
	"errors"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
)

// popups has the URLs of windows and tabs that a page opened.
type popups struct {
	mu   sync.Mutex
	urls []string
}

func (p *popups) listen(event any) {
	if e, ok := event.(*page.EventWindowOpen); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.urls = append(p.urls, e.URL)
	}
}

// next returns the URL of the next window, and whether there is one.
func (p *popups) next() (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.urls) == 0 {
		return "", false
	}
	url := p.urls[0]
	p.urls = p.urls[1:]
	return url, true
}

// WaitPopup waits until the page opens another window or tab, brings the page back to the front and
// returns the URL of the other. Problems of the other are not recorded.
func (p *Page) WaitPopup() string {
	p.t.Helper()
	var url string
	p.wait("a popup", func() (err error) {
		var ok bool
		if url, ok = p.popups.next(); !ok {
			return errors.New("there is none")
		}
		return nil
	})
	ctx, cancel := p.bounded()
	defer cancel()
	if err := call(ctx, page.BringToFront, cdp.Empty{}); err != nil {
		p.t.Fatalf("bring the page to the front: %v", err)
	}
	return url
}
