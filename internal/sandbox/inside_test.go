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

// These look inside: the time of a bubble is not the time of a socket, the
// spelling of a token is nobody's business, and no handler dawdles by itself.

func TestTokensEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, err := newMint()
		if err != nil {
			t.Fatal(err)
		}
		token := tokens.issue(appUser, time.Now())
		time.Sleep(time.Hour - time.Second)
		if k, ok := tokens.read(token, time.Now()); !ok || k != appUser {
			t.Errorf("a second before its end, the token is %v, %v", k, ok)
		}
		time.Sleep(time.Second)
		if _, ok := tokens.read(token, time.Now()); ok {
			t.Error("the token outlives its hour")
		}
	})
}

func TestTheSlowCustomerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, began := httptest.NewRecorder(), time.Now()
		defer func() {
			if caught := recover(); caught != http.ErrAbortHandler || time.Since(began) != 2*time.Minute || w.Body.Len() > 0 {
				t.Errorf("after %v: %v, %d bytes", time.Since(began), caught, w.Body.Len())
			}
		}()
		slow, _ := failureOf("00000000-0000-0000-0000-000000000504")
		slow.write(w, httptest.NewRequest("GET", "/", nil), style{})
	})
}

func TestATokenHasOneSpelling(t *testing.T) {
	tokens, err := newMint()
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
		t.Errorf("%d last characters make a good token", spellings)
	}
}

func TestCloseWaitsForHandlers(t *testing.T) {
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
		t.Errorf("close returned %v; the handler had ended: %v", err, ended.Load())
	}
}
