package browser

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// downloads has the downloads of a page.
type downloads struct {
	dir    string // Chromium names the files by their GUIDs
	mu     sync.Mutex
	names  map[string]string // suggested names by GUID
	ready  []string          // GUIDs of complete files that WaitDownload has not returned
	failed bool
}

// watchDownloads makes Chromium save downloads of the page and report them.
func (p *Page) watchDownloads(ctx context.Context) error {
	p.downloads.names = make(map[string]string)
	tab := chromedp.FromContext(p.ctx)
	listen := func(event any) { p.downloads.listen(cdp.FrameID(tab.Target.TargetID), event) }
	if err := chromedp.ListenBrowser(p.ctx, listen); err != nil {
		return err
	}
	enabled := true
	_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior:         browser.SetDownloadBehaviorBehaviorAllowAndName,
		BrowserContextID: tab.BrowserContextID,
		DownloadPath:     p.downloads.dir,
		EventsEnabled:    &enabled,
	})
	return err
}

// listen receives the events of the whole browser, and records those of one page, whose main frame
// is given.
func (d *downloads) listen(frame cdp.FrameID, event any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e := event.(type) {
	case *browser.EventDownloadWillBegin:
		if e.FrameID == frame {
			d.names[e.GUID] = e.SuggestedFilename
		}
	case *browser.EventDownloadProgress:
		if _, ours := d.names[e.GUID]; !ours {
			return
		}
		switch e.State {
		case browser.DownloadProgressStateCompleted:
			d.ready = append(d.ready, e.GUID)
		case browser.DownloadProgressStateCanceled:
			d.failed = true
		}
	}
}

// next returns the GUID of the next complete download, or "" if there is none yet.
func (d *downloads) next() (guid string, failed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.ready) == 0 {
		return "", d.failed
	}
	guid, d.ready = d.ready[0], d.ready[1:]
	return guid, false
}

// WaitDownload waits until the next download of the page is complete. It returns the name that the
// page or the server gave it, and its content.
func (p *Page) WaitDownload() (name string, content []byte) {
	p.t.Helper()
	var guid string
	p.wait("a download", func() error {
		var failed bool
		guid, failed = p.downloads.next()
		if failed {
			p.t.Fatal("the browser canceled a download")
		}
		if guid == "" {
			return errors.New("there is none")
		}
		return nil
	})
	content, err := os.ReadFile(filepath.Join(p.downloads.dir, guid))
	if err != nil {
		p.t.Fatal(err)
	}
	p.downloads.mu.Lock()
	defer p.downloads.mu.Unlock()
	return p.downloads.names[guid], content
}
