package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// echo is a Partner Center whose one customer is the owner of the token that it is called with.
type echo struct {
	*httptest.Server
	calls atomic.Int64
}

func newEcho(t testing.TB, owners map[string]string) *echo {
	t.Helper()
	e := new(echo)
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"totalCount":1,"items":[{"id":%q}]}`, owners[r.Header.Get("Authorization")])
	}))
	t.Cleanup(e.Close)
	return e
}

// askWhose calls with a token and returns the one customer's id, or what came in its place.
func askWhose(client *http.Client, address, token string) string {
	request, err := http.NewRequest(http.MethodGet, "http://"+address+"/v1/customers", nil)
	if err != nil {
		return err.Error()
	}
	request.Host = publicHost
	request.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var answer struct{ Items []struct{ ID string } }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || len(answer.Items) != 1 {
		return fmt.Sprintf("%d %v", resp.StatusCode, err)
	}
	return answer.Items[0].ID
}
