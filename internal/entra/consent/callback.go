package consent

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/partner-center/connector/internal/entra"
)

const (
	closeTimeout  = time.Second // how long the browser may take to read the last page
	headerTimeout = 10 * time.Second
)

// waitForAnswer serves the callback on listener until Entra ID's answer arrives, and returns its
// parameters. It closes listener. A refusal is returned as an error.
func waitForAnswer(ctx context.Context, s *signIn, listener net.Listener) (url.Values, error) {
	c := &callback{port: s.port, state: s.state, answer: make(chan url.Values, 1)}
	server := &http.Server{Handler: c, ReadHeaderTimeout: headerTimeout, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(listener)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		server.Shutdown(ctx)
	}()
	timeout := time.NewTimer(signInTimeout)
	defer timeout.Stop()
	select {
	case answer := <-c.answer:
		if answer.Has("error") {
			return nil, entra.SignInError(answer)
		}
		return answer, nil
	case <-timeout.C:
		return nil, fmt.Errorf("no user signed in within %v", signInTimeout)
	case <-ctx.Done():
		return nil, errors.New("stopped before a user had signed in")
	}
}

// A callback handles the request with which the browser returns from Entra ID.
type callback struct {
	port   string
	state  string
	answer chan url.Values // has a buffer of one, so that the handler never blocks
}

// lastPage is the same for every result: it repeats nothing from the request.
const lastPage = `<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Partner Center connector</title>
<p>You can close this window. The terminal shows the result.</p></html>
`

// ServeHTTP accepts the answer to this sign-in and responds to every other request with 404. The
// check of Host protects against pages that reach this machine through a name of their own (DNS
// rebinding).
func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	ourHost := (r.Host == "localhost:"+c.port) || (r.Host == "127.0.0.1:"+c.port)
	ourState := subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(c.state)) == 1
	oneResult := query.Has("code") != query.Has("error")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet || r.URL.Path != "/" || !ourHost || !ourState || !oneResult {
		http.NotFound(w, r)
		return
	}
	select {
	case c.answer <- query:
	default: // the page was loaded again
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	io.WriteString(w, lastPage)
}
