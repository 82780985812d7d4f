package cli

import (
	"net/http"
	"testing"
)

// TestNoTraces has no collector named, so that nothing of it is begun.
func TestNoTraces(t *testing.T) {
	t.Parallel()
	s := sandboxService(t)
	if client := new(http.Client); s.traces != nil || s.observer().Begin != nil || s.traced(client, "x") != client {
		t.Error("something is ready for traces")
	}
}
