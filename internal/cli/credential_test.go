package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/diagnose"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/fault"
)

// TestCredentialTrial covers, in virtual time, when a credential is tried and what the log has of it.
func TestCredentialTrial(t *testing.T) {
	const (
		works = "INFO Partner Center accepts the credential"
		fails = "ERROR the credential for Partner Center does not work"
		away  = "WARN the credential for Partner Center could not be tried"
		flaw  = "WARN Partner Center accepts the credential, but its token is not as it should be"
	)
	hang := errors.New("hang")
	code := func(c fault.Code) error { return &fault.Error{Code: c} }
	entraID := func(status int) error {
		e := &entra.RefusedError{Peer: entra.EntraID, Status: status, GrantType: "client_credentials"}
		return &fault.Error{Code: e.Code(), Cause: e}
	}
	seconds := func(all ...int) (times []time.Duration) {
		for _, s := range all {
			times = append(times, time.Duration(s)*time.Second)
		}
		return times
	}
	type step struct{ token, call error }
	good := step{}
	unavailable := step{call: code(fault.PartnerCenterUnavailable)}
	for name, c := range map[string]struct {
		steps   []step // the last repeats
		amr     []string
		caller  int // status of a call after five seconds; 0: none
		stopped bool
		tries   []time.Duration
		log     []string
		says    []string // of the log
	}{
		"works": {steps: []step{good}, tries: seconds(0), log: []string{works}},
		"refused by Entra ID": {steps: []step{{token: entraID(401)}}, tries: seconds(0), log: []string{fails},
			says: []string{"answer 401 of Entra ID"}},
		"refused by Partner Center": {steps: []step{{call: code(fault.PartnerCenterUnauthorized)}}, tries: seconds(0),
			log: []string{fails}, says: []string{"App management"}},
		"forbidden by Partner Center": {steps: []step{{call: code(fault.InsufficientPrivileges)}}, tries: seconds(0),
			log: []string{fails}},
		"throttled": {steps: []step{{call: code(fault.PartnerCenterThrottled)}, good}, tries: seconds(0, 10),
			log: []string{away, works}, says: []string{"PartnerCenterThrottled"}},
		"throttled for longer": {
			steps: []step{{call: &fault.Error{Code: fault.PartnerCenterThrottled, RetryAfter: 50 * time.Second}}, good},
			tries: seconds(0, 50), log: []string{away, works}},
		"unavailable for long": {steps: []step{unavailable, unavailable, unavailable, unavailable, unavailable, good},
			tries: seconds(0, 10, 40, 100, 160, 220), log: []string{away, works}},
		"Entra ID away": {steps: []step{{token: entraID(503)}, good}, tries: seconds(0, 10), log: []string{away, works},
			says: []string{"answer 503 of Entra ID"}},
		"Entra ID away, then a refusal": {steps: []step{{token: entraID(500)}, {token: entraID(400)}},
			tries: seconds(0, 10), log: []string{away, fails}},
		"two causes": {steps: []step{{token: entraID(500)}, unavailable, good}, tries: seconds(0, 10, 40),
			log: []string{away, away, works}},
		"Entra ID hangs": {steps: []step{{token: hang}, good}, tries: seconds(0, 18), log: []string{fails, works},
			says: []string{"reaches Entra ID"}},
		"Partner Center hangs": {steps: []step{{call: hang}, {call: hang}, good}, tries: seconds(0, 18, 56),
			log: []string{fails, works}, says: []string{"reaches Partner Center"}},
		"without multifactor authentication": {steps: []step{good}, amr: []string{"pwd"}, tries: seconds(0),
			log: []string{flaw}, says: []string{"multifactor", "connector consent"}},
		"unavailable without multifactor authentication": {steps: []step{unavailable, good}, amr: []string{"pwd"},
			tries: seconds(0, 10), log: []string{away, flaw}, says: []string{"PartnerCenterUnavailable"}},
		"a call that is accepted": {steps: []step{unavailable}, caller: 200, tries: seconds(0),
			log: []string{away, works}},
		"a call that is refused": {steps: []step{unavailable}, caller: 401, tries: seconds(0), log: []string{away}},
		"a call that tells nothing": {steps: []step{unavailable, good}, caller: 403, tries: seconds(0, 10),
			log: []string{away, works}},
		"a stop during a pause": {steps: []step{unavailable}, stopped: true, tries: seconds(0), log: []string{away}},
		"a stop during a try":   {steps: []step{{call: hang}}, stopped: true, tries: seconds(0)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				began, tries := time.Now(), []time.Duration(nil)
				current := func() step { return c.steps[min(len(tries), len(c.steps))-1] }
				do := func(ctx context.Context, err error, late error) error {
					if err == hang {
						<-ctx.Done()
						return late
					}
					return err
				}
				var log bytes.Buffer
				trial := credentialTrial{
					connection: diagnose.Connection{
						Name: "App+User", User: true, Audiences: []string{"https://partner.example"},
						Token: func(ctx context.Context) (string, error) {
							tries = append(tries, time.Since(began))
							return userToken(t, c.amr), do(ctx, current().token, code(fault.IdentityUnavailable))
						},
						Call: func(ctx context.Context) error {
							return do(ctx, current().call, code(fault.PartnerCenterTimeout))
						},
					},
					verdict: newVerdict(),
					log:     slog.New(slog.NewJSONHandler(&log, nil)),
				}
				if c.caller != 0 {
					answered := trial.verdict.of(func(int) {})
					time.AfterFunc(5*time.Second, func() { answered(c.caller) })
				}
				if c.stopped {
					time.AfterFunc(5*time.Second, stop)
				}
				trial.run(ctx)
				if !slices.Equal(tries, c.tries) {
					t.Errorf("tries after %v, want %v", tries, c.tries)
				}
				if got := messages(t, log.Bytes()); !slices.Equal(got, c.log) {
					t.Errorf("the log has %q, want %q", got, c.log)
				}
				for _, text := range c.says {
					if !strings.Contains(log.String(), text) {
						t.Errorf("no %q in %s", text, &log)
					}
				}
				if strings.Contains(log.String(), "CONNECTOR_UPSTREAM_TIMEOUT") {
					t.Errorf("the log blames a setting: %s", &log)
				}
			})
		})
	}
}

// userToken returns a token of a user with methods of authentication, or one without claims.
func userToken(t *testing.T, amr []string) string {
	t.Helper()
	if amr == nil {
		return "opaque"
	}
	claims, err := json.Marshal(map[string]any{"aud": "https://partner.example", "amr": amr})
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(claims) + "." + encode([]byte("x"))
}

// messages returns the levels and messages of a log.
func messages(t *testing.T, log []byte) (all []string) {
	t.Helper()
	for line := range bytes.Lines(log) {
		var l struct{ Level, Msg string }
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l.Level+" "+l.Msg)
	}
	return all
}

// TestVerdict covers which answers judge a credential, and that no call waits for a reader.
func TestVerdict(t *testing.T) {
	v := newVerdict()
	var recorded []int
	answered := v.of(func(status int) { recorded = append(recorded, status) })
	for _, status := range []int{403, 500, http.StatusUnauthorized, http.StatusOK} {
		answered(status)
	}
	if accepted := <-v; accepted || len(recorded) != 4 {
		t.Errorf("%v, %v", accepted, recorded)
	}
}
