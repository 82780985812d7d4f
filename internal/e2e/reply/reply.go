// Package reply has HTTP handlers for fake servers: complete answers, broken ones and answers that
// never end.
//
// The fakes of Partner Center and Entra ID build their answers from it, and tests use it to make a
// fake misbehave. Every handler can be used any number of times and concurrently.
package reply

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"time"
)

// Private marks everything that a fake sends besides documented fields. The service must not pass
// it on: it may not appear in answers, logs, metrics or traces.
const Private = "UPSTREAM-ONLY-7Qz"

// With returns a handler that sends a complete answer. An empty content type sends no such header,
// not even a guessed one. Headers are pairs of a name and a value.
func With(status int, contentType, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// JSON returns a handler that answers 200 with a JSON text.
func JSON(text string) http.HandlerFunc {
	return With(http.StatusOK, "application/json; charset=utf-8", text)
}

// Raw returns a handler that writes bytes to the connection and closes it.
func Raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c := Hijack(w)
		io.WriteString(c, text)
		c.Close()
	}
}

// Reset returns a handler that writes bytes to the connection and resets it.
func Reset(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c := Hijack(w)
		io.WriteString(c, text)
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // closes with a reset
		}
		c.Close()
	}
}

// Hijack takes over the connection of an HTTP/1.1 request. The caller closes it.
func Hijack(w http.ResponseWriter) net.Conn {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err) // HTTP/1.1 over TCP can always be taken over
	}
	return c
}

// Hang sends nothing until the client closes the connection.
func Hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// HangAfter returns a handler that sends the beginning of an answer and then nothing until the
// client closes the connection.
func HangAfter(status int, beginning string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, beginning)
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// Drip sends a byte every 20 ms until the client closes the connection.
func Drip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		io.WriteString(w, " ")
		http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Gzip returns text compressed by gzip.
func Gzip(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}
