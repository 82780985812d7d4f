package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// problems records what a page did that fails its test.
type problems struct {
	origin string // of the opened URL, which the page may call
	mu     sync.Mutex
	list   []string
	urls   map[network.RequestID]string
}

// status matches what Chromium logs for a response with an error status.
var status = regexp.MustCompile(`^Failed to load resource: the server responded with a status of [45]\d\d`)

func (p *problems) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, fmt.Sprintf(format, args...))
}

// take removes the problems for which match returns true and returns them.
func (p *problems) take(match func(string) bool) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var taken, kept []string
	for _, problem := range p.list {
		if match(problem) {
			taken = append(taken, problem)
		} else {
			kept = append(kept, problem)
		}
	}
	p.list = kept
	return taken
}

// all returns the problems.
func (p *problems) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.list)
}

// listen records the events of a tab that are problems.
func (p *problems) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.console(e)
	case *runtime.EventExceptionThrown:
		p.add("exception: %s", exceptionText(e.ExceptionDetails))
	case *runtime.EventBindingCalled:
		p.add("content security policy: %s", e.Payload)
	case *log.EventEntryAdded:
		p.entry(e.Entry)
	case *network.EventRequestWillBeSent:
		p.request(e.RequestID, e.Request.URL)
	case *network.EventWebSocketCreated:
		p.request(e.RequestID, strings.Replace(e.URL, "ws", "http", 1))
	case *network.EventLoadingFailed:
		p.failure(e)
	case *page.EventJavascriptDialogOpening:
		p.add("dialog: %s: %s", e.Type, e.Message)
	case *inspector.EventTargetCrashed:
		p.add("the page crashed")
	}
}

// console records an error or a warning. Other levels are for developers.
func (p *problems) console(e *runtime.EventConsoleAPICalled) {
	switch e.Type {
	case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeWarning, runtime.ConsoleAPICalledTypeAssert:
		words := make([]string, len(e.Args))
		for i, arg := range e.Args {
			words[i] = objectText(arg)
		}
		p.add("console.%s: %s", e.Type, strings.Join(words, " "))
	}
}

// entry records an error or a warning of Chromium. Tests of the console provoke error statuses of
// the API, so these are no problem.
func (p *problems) entry(e *log.Entry) {
	if (e.Level != log.EntryLevelError) && (e.Level != log.EntryLevelWarning) {
		return
	}
	if status.MatchString(e.Text) && strings.HasPrefix(e.URL, p.origin+"/v1/") {
		return
	}
	p.add("log: %s: %s: %s %s", e.Source, e.Level, e.Text, e.URL)
}

// request records a request to another origin. Blobs and data are no requests.
func (p *problems) request(id network.RequestID, address string) {
	p.mu.Lock()
	if p.urls == nil {
		p.urls = make(map[network.RequestID]string)
	}
	p.urls[id] = address
	p.mu.Unlock()
	u, err := url.Parse(address)
	if err != nil {
		p.add("request to an invalid URL: %v", err)
		return
	}
	if (u.Scheme != "blob") && (u.Scheme != "data") && (u.Scheme+"://"+u.Host != p.origin) {
		p.add("request to another origin: %s", address)
	}
}

// failure records a load that failed. A page that cancels its own requests may.
func (p *problems) failure(e *network.EventLoadingFailed) {
	if e.Canceled {
		return
	}
	p.mu.Lock()
	address := p.urls[e.RequestID]
	p.mu.Unlock()
	p.add("failed load: %s %s %s", e.ErrorText, e.BlockedReason, address)
}

func exceptionText(e *runtime.ExceptionDetails) string {
	text := e.Text
	if e.Exception != nil {
		text += " " + objectText(e.Exception)
	}
	return fmt.Sprintf("%s %s:%d", text, e.URL, e.LineNumber+1)
}

// objectText returns a string as it is and other values as a console shows them.
func objectText(o *runtime.RemoteObject) string {
	var text string
	if json.Unmarshal(o.Value, &text) == nil {
		return text
	}
	if o.Description != "" {
		return o.Description
	}
	return string(o.Value)
}
