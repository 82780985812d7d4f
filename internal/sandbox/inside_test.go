package sandbox

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The tests in this file need unexported names: a real socket does not follow the clock of a
// synctest bubble, and no handler of the sandbox ends late by itself.

func TestTokenCodec(t *testing.T) {
	t.Run("rejects a token after an hour", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tokens, err := newTokenCodec()
			if err != nil {
				t.Fatal(err)
			}
			token := tokens.issue(appUser, time.Now())
			time.Sleep(time.Hour - time.Second)
			if k, ok := tokens.read(token, time.Now()); !ok || k != appUser {
				t.Errorf("a second before its expiry, the token is %v, %t", k, ok)
			}
			time.Sleep(time.Second)
			if _, ok := tokens.read(token, time.Now()); ok {
				t.Error("the token is valid after its expiry")
			}
		})
	})
	t.Run("accepts one spelling of a token", func(t *testing.T) {
		tokens, err := newTokenCodec()
		if err != nil {
			t.Fatal(err)
		}
		token := tokens.issue(appOnly, time.Now())
		var spellings int
		for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
			if _, ok := tokens.read(token[:len(token)-1]+string(last), time.Now()); ok {
				spellings++
			}
		}
		if spellings != 1 {
			t.Errorf("%d last characters make a valid token", spellings)
		}
	})
}

func TestSilentAnswer(t *testing.T) {
	t.Run("ends after two minutes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, began := httptest.NewRecorder(), time.Now()
			defer func() {
				caught, took := recover(), time.Since(began)
				if caught != http.ErrAbortHandler || took != 2*time.Minute || w.Body.Len() > 0 {
					t.Errorf("after %v: %v, %d bytes", took, caught, w.Body.Len())
				}
			}()
			silent, _ := failureOf("00000000-0000-0000-0000-000000000504")
			silent.write(w, httptest.NewRequest(http.MethodGet, "/", nil), style{})
		})
	})
}

func TestServerCloseWaitsForHandlers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	began := make(chan struct{})
	var ended atomic.Bool
	s := serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		for range 100_000 {
			runtime.Gosched()
		}
		ended.Store(true)
	}))
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: sandbox\r\n\r\n")
	<-began
	if err := s.close(); err != nil || !ended.Load() {
		t.Errorf("close returned %v, the handler had ended: %t", err, ended.Load())
	}
}

func TestChangesGrow(t *testing.T) {
	start := time.Date(2026, 12, 31, 12, 30, 0, 0, time.UTC)
	s := &store{started: start, interval: time.Second}
	at := func(seconds int) []change { return s.changes(start.Add(time.Duration(seconds) * time.Second)) }
	before, seen := len(at(0)), map[int64]bool{}
	if before < 90*24-10 || before > 90*24+1 {
		t.Errorf("%d changes at the start", before)
	}
	for seconds := range 60 {
		for _, c := range at(seconds) {
			seen[c.n] = true
		}
	}
	// Those that are late appear five changes later.
	if grown := len(at(59)) - before; grown < 59-2 || grown > 59 || len(seen) != len(at(59)) {
		t.Errorf("%d changes in a minute, %d seen, %d at the end", grown, len(seen), len(at(59)))
	}
	late := 0
	for seconds := 1; seconds < 60; seconds++ {
		if newest := at(seconds)[0].date; newest.Before(start.Add(time.Duration(seconds) * time.Second)) {
			late++
		}
	}
	if late < 5 || late > 7 {
		t.Errorf("%d changes are late", late)
	}
}
