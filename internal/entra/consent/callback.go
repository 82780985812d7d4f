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
	closeTimeout  = time.Second // for the browser to read the last page
	headerTimeout = 10 * time.Second
)

// waitForAnswer serves the callback on listener, which it closes, until Entra ID's answer has come,
// and returns that unless it is a refusal.
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

// callback is the handler to which the browser comes back with Entra ID's answer.
type callback struct {
	port   string
	state  string
	answer chan url.Values // room for one
}

const lastPage = `<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Partner Center connector</title>
<p>You can close this window. The terminal shows the result.</p></html>
`

// ServeHTTP accepts the answer that belongs to this sign-in and answers every other request with
// 404.
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
