package e2e

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestBurst has 120 callers at a time, each asking for another customer, while connections to
// Partner Center come and go. Each gets its own answer with its own IDs, although the service
// reuses memory.
func TestBurst(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, manyCalls)
	var n atomic.Int64
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		id := r.RequestURI[len("/v1/customers/"):]
		if r.Header.Get("MS-CorrelationId") != id {
			s.upstream.Fault("a call with the IDs of another")
		}
		if n.Add(1)%2 == 0 {
			w.Header().Set("Connection", "close")
		}
		reply.JSON(`{"id":"`+id+`"}`)(w, r)
	})
	const calls, crowd = 900, 120
	var sent []*pending
	for i := range calls + crowd {
		if i < calls {
			id := guid(i)
			request := call("/v1/customers/"+id, s.keys.key, "MS-CorrelationId: "+id, "MS-RequestId: "+id)
			sent = append(sent, s.send(t, request))
		}
		if i < crowd {
			continue
		}
		id := guid(i - crowd)
		a := sent[i-crowd].answer(t)
		a.expectJSON(t, `{"id":"`+id+`"}`)
		if (a.header.Get("MS-CorrelationId") != id) || (a.header.Get("MS-RequestId") != id) {
			t.Errorf("%s got the IDs %s and %s", id, a.header.Get("MS-CorrelationId"), a.header.Get("MS-RequestId"))
		}
	}
}

// guid returns the nth GUID of a test.
func guid(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-0a1b2c3d4e5f", n) }
