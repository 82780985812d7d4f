package e2e

import (
	"net/http"
	"testing"
)

// makePublic lets the app go without a credential.
func (e *entraID) makePublic() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.public = true
}

// rotate gives the app another secret, which it writes to a file.
func (e *entraID) rotate(t testing.TB, path string) {
	t.Helper()
	next := newSecret("secret")
	e.secrets.add("client secret", next)
	rewrite(t, path, next)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secret = next
}

// unfederate takes back that a text is as good as the app's secret.
func (e *entraID) unfederate(assertion string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.federated, assertion)
}

// count is the number of tokens issued so far.
func (e *entraID) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.tokens)
}

// isGood says whether a refresh token can still be used.
func (e *entraID) isGood(refresh string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refreshes[refresh]
}

// listen passes the scope of the next token request on.
func (e *entraID) listen() <-chan string {
	scopes := make(chan string, 1)
	e.behave(func(w http.ResponseWriter, r *http.Request) {
		select {
		case scopes <- r.PostFormValue("scope"):
		default:
		}
		e.grant(w, r)
	})
	return scopes
}
