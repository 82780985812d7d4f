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
