package refresh_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/refresh"
)

// source returns 1, 2, 3, … after a second each, or its failure.
type source struct {
	fetches int
	last    int
	failure error
	stuck   bool // fetches ignore their contexts
}

func (s *source) fetch(ctx context.Context) (refresh.Fetched[int], error) {
	s.fetches++
	if s.stuck {
		ctx = context.WithoutCancel(ctx)
	}
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return refresh.Fetched[int]{}, ctx.Err()
	}
	if s.failure != nil {
		return refresh.Fetched[int]{}, s.failure
	}
	s.last++
	return refresh.Fetched[int]{Value: s.last, RenewIn: 40 * time.Minute, Lasts: time.Hour}, nil
}

func (s *source) config() refresh.Config[int] {
	return refresh.Config[int]{
		Fetch:   s.fetch,
		Timeout: 30 * time.Second,
		Backoff: func(refresh.Failure) refresh.Pause {
			return refresh.Pause{Renew: time.Minute,
				Retry: 5 * time.Second}
		},
	}
}

// other is the need of a caller whose value was rejected.
func other(rejected int) refresh.Need[int] {
	return refresh.Need[int]{Accept: func(value int) bool { return value != rejected }}
}

// expect wants a value or an error after so long.
func expect(t *testing.T, r *refresh.Refresher[int], need refresh.Need[int], want int, wantErr error,
	after time.Duration) {
	t.Helper()
	begun := time.Now()
	value, err := r.Get(t.Context(), need)
	if value != want || !errors.Is(err, wantErr) || time.Since(begun) != after {
		t.Errorf("got %d, %v after %v, want %d, %v after %v", value, err, time.Since(begun), want, wantErr, after)
	}
}

// wantFetches wants so many fetches once all goroutines wait.
func wantFetches(t *testing.T, s *source, want int) {
	t.Helper()
	synctest.Wait()
	if s.fetches != want {
		t.Errorf("%d fetches, want %d", s.fetches, want)
	}
}

var anyValue = refresh.Need[int]{}

func TestRefresher(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s *source, r *refresh.Refresher[int])
	}{
		{"fetches once for many callers", func(t *testing.T, s *source, r *refresh.Refresher[int]) {
			var callers sync.WaitGroup
			for range 100 {
				callers.Go(func() { expect(t, r, anyValue, 1, nil, time.Second) })
			}
			callers.Wait()
			expect(t, r, anyValue, 1, nil, 0)
			wantFetches(t, s, 1)
		}},
		{"fetches once for many callers that reject one value", func(t *testing.T, s *source,
			r *refresh.Refresher[int]) {
			expect(t, r, anyValue, 1, nil, time.Second)
			var callers sync.WaitGroup
			for range 100 {
				callers.Go(func() { expect(t, r, other(1), 2, nil, time.Second) })
			}
			expect(t, r, anyValue, 1, nil, 0) // the others go on meanwhile
			callers.Wait()
			expect(t, r, other(1), 2, nil, 0) // a latecomer
			wantFetches(t, s, 2)
		}},
		{"starts another fetch for a caller that rejects what has just come", func(t *testing.T, s *source,
			r *refresh.Refresher[int]) {
			var callers sync.WaitGroup
			for range 100 { // all wake when the first fetch ends
				callers.Go(func() {
					value, _ := r.Get(t.Context(), anyValue)
					expect(t, r, other(value), 2, nil, time.Second)
				})
			}
			callers.Wait()
			wantFetches(t, s, 2)
		}},
		{"passes a value on that the source returns again", func(t *testing.T, s *source, r *refresh.Refresher[int]) {
			expect(t, r, anyValue, 1, nil, time.Second)
			s.last = 0
			expect(t, r, other(1), 1, nil, time.Second)
			wantFetches(t, s, 2)
		}},
		{"renews in the background from the planned instant", func(t *testing.T, s *source, r *refresh.Refresher[int]) {
			expect(t, r, anyValue, 1, nil, time.Second)
			time.Sleep(40*time.Minute - 1)
			expect(t, r, anyValue, 1, nil, 0)
			wantFetches(t, s, 1)
			time.Sleep(time.Nanosecond)
			if value, ok := r.Current(t.Context()); value != 1 || !ok {
				t.Errorf("got %d, %t", value, ok)
			}
			wantFetches(t, s, 2)
			time.Sleep(time.Second)
			synctest.Wait()
			expect(t, r, anyValue, 2, nil, 0)
		}},
		{"uses a value up to its last instant", func(t *testing.T, s *source, r *refresh.Refresher[int]) {
			expect(t, r, anyValue, 1, nil, time.Second)
			s.failure = io.EOF
			time.Sleep(time.Hour)
			if value, ok := r.Current(t.Context()); value != 1 || !ok {
				t.Errorf("got %d, %t", value, ok)
			}
			time.Sleep(time.Nanosecond)
			if value, ok := r.Current(t.Context()); ok {
				t.Errorf("got %d", value)
			}
			synctest.Wait()
			expect(t, r, anyValue, 0, io.EOF, time.Second-1)
		}},
		{"makes callers wait out the pause of a failure", func(t *testing.T, s *source, r *refresh.Refresher[int]) {
			s.failure = io.EOF
			expect(t, r, anyValue, 0, io.EOF, time.Second)
			time.Sleep(5*time.Second - 1)
			expect(t, r, anyValue, 0, io.EOF, 0)
			wantFetches(t, s, 1)
			s.failure = nil
			time.Sleep(time.Nanosecond)
			expect(t, r, anyValue, 1, nil, time.Second)
		}},
		{"goes on with the fetch when the caller that began it is gone", func(t *testing.T, s *source,
			r *refresh.Refresher[int]) {
			gone, leave := context.WithCancel(t.Context())
			leave()
			if _, err := r.Get(gone, anyValue); err != context.Canceled {
				t.Error(err)
			}
			expect(t, r, anyValue, 1, nil, time.Second)
			wantFetches(t, s, 1)
		}},
		{"lets a caller go at its deadline", func(t *testing.T, s *source, r *refresh.Refresher[int]) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if _, err := r.Get(ctx, anyValue); err != context.DeadlineExceeded {
				t.Error(err)
			}
		}},
		{"cancels the fetch in flight when it is closed, and starts no other", func(t *testing.T, s *source,
			r *refresh.Refresher[int]) {
			expect(t, r, anyValue, 1, nil, time.Second)
			go expect(t, r, other(1), 0, context.Canceled, 0)
			synctest.Wait()
			begun := time.Now()
			r.Close()
			r.Close()
			if time.Since(begun) != 0 {
				t.Errorf("waited %v", time.Since(begun))
			}
			time.Sleep(5 * time.Second)
			expect(t, r, other(1), 0, refresh.ErrClosed, 0)
			expect(t, r, anyValue, 1, nil, 0)
			time.Sleep(50 * time.Minute)
			expect(t, r, anyValue, 1, nil, 0) // due, but not renewed
			wantFetches(t, s, 2)
		}},
		{"waits at Close for a fetch that ignores its context", func(t *testing.T, s *source,
			r *refresh.Refresher[int]) {
			s.stuck = true
			go expect(t, r, anyValue, 1, nil, time.Second)
			synctest.Wait()
			begun := time.Now()
			r.Close()
			if time.Since(begun) != time.Second {
				t.Errorf("waited %v", time.Since(begun))
			}
			expect(t, r, anyValue, 1, nil, 0)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &source{}
				r := refresh.New(s.config())
				c.test(t, s, r)
				r.Close()
			})
		})
	}
}

func TestFetch(t *testing.T) {
	t.Run("carries the context's values", func(t *testing.T) {
		type mark struct{}
		s := &source{}
		config := s.config()
		carried := make(chan any, 1)
		config.Fetch = func(ctx context.Context) (refresh.Fetched[int], error) {
			carried <- ctx.Value(mark{})
			return refresh.Fetched[int]{}, nil
		}
		refresh.New(config).Get(context.WithValue(t.Context(), mark{}, "caller"), anyValue)
		if got := <-carried; got != "caller" {
			t.Error(got)
		}
	})
	t.Run("ends after its timeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			config := (&source{}).config()
			config.Timeout = time.Millisecond
			expect(t, refresh.New(config), anyValue, 0, context.DeadlineExceeded, time.Millisecond)
		})
	})
	t.Run("holds Close up for one timeout at most", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &source{stuck: true}
			config := s.config()
			config.Timeout = time.Millisecond
			r := refresh.New(config)
			go r.Get(t.Context(), anyValue)
			synctest.Wait()
			begun := time.Now()
			r.Close()
			if time.Since(begun) != time.Millisecond {
				t.Errorf("waited %v", time.Since(begun))
			}
			time.Sleep(time.Second)
		})
	})
}

// TestGrace keeps the last value for a day from the first failure, however long it has not been
// used.
func TestGrace(t *testing.T) {
	for _, unused := range []time.Duration{0, 50 * time.Minute, 100 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := &source{}
			config := s.config()
			config.Grace = 24 * time.Hour
			r := refresh.New(config)
			expect(t, r, anyValue, 1, nil, time.Second)
			s.failure = io.EOF
			time.Sleep(unused)
			r.Get(t.Context(), other(1))
			failed := time.Now()
			for time.Since(failed) < 23*time.Hour {
				if value, ok := r.Current(t.Context()); value != 1 || !ok {
					t.Fatalf("%v after the failure: %d, %t", time.Since(failed), value, ok)
				}
				time.Sleep(time.Hour)
			}
			time.Sleep(24*time.Hour - time.Since(failed))
			if _, ok := r.Current(t.Context()); !ok {
				t.Error("not usable after a day")
			}
			time.Sleep(time.Nanosecond)
			if _, ok := r.Current(t.Context()); ok {
				t.Error("usable after more than a day")
			}
			r.Close()
		})
	}
}

// TestPolicy shows what Backoff and Ended are called with, and that Joined counts those who wait.
func TestPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		config := s.config()
		var failures []refresh.Failure
		var ended []int
		joined := 0
		config.Backoff = func(f refresh.Failure) refresh.Pause {
			failures = append(failures, f)
			return refresh.Pause{Renew: time.Hour}
		}
		config.Ended = func(usable int) { ended = append(ended, usable) }
		r := refresh.New(config)
		need := other(1)
		need.Joined = func() { joined++ }

		s.failure = io.EOF
		r.Get(t.Context(), need)
		s.failure = nil
		r.Get(t.Context(), need)
		s.failure = io.ErrUnexpectedEOF
		go r.Get(t.Context(), need)
		r.Get(t.Context(), need)
		r.Get(t.Context(), refresh.Need[int]{Joined: func() { joined++ }})
		time.Sleep(2 * time.Hour)
		r.Get(t.Context(), need)

		if len(ended) != 4 || ended[0] != 0 || ended[1] != 1 || ended[2] != 1 || ended[3] != 0 {
			t.Errorf("ended with %v", ended)
		}
		if joined != 5 {
			t.Errorf("%d callers joined a fetch", joined)
		}
		if len(failures) != 3 || failures[0].Err != io.EOF || failures[0].Usable || failures[0].RenewIn >= 0 ||
			(failures[1] != refresh.Failure{Err: io.ErrUnexpectedEOF, RenewIn: 40*time.Minute - time.Second,
				Usable: true}) ||
			failures[2].Usable {
			t.Errorf("failures %+v", failures)
		}
	})
}
