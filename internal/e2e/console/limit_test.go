package console_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestLimit uses up a small limit on the page of the limit, looks at the refused call, and waits until
// the same call is admitted again.
func TestLimit(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t, "--limit-calls=5", "--limit-window=3s")
	p := open(t, s, "#/limit")
	p.WaitText("main", "No call was made in this tab yet.")
	p.Click("#reach-limit")
	p.WaitText(".problem .status", "429")
	p.WaitText(".problem .code", "RateLimitExceeded")
	p.WaitText(".problem .again", "Try again in")
	p.Wait("document.querySelector('.again').disabled")
	p.Wait("document.querySelector('#calls-left').innerText === '0'")
	p.Wait("document.querySelector('#calls-made').innerText === '5'")
	p.WaitText("#next-slot", "in ")
	p.WaitText(".chip", "0 of 5 calls left")
	p.WaitText(".trial", "The limit refused a call after 5 calls.")

	var admitted int
	for _, a := range s.traffic.calls() {
		if a.status == 200 {
			admitted++
		}
	}
	if admitted != 5 {
		t.Errorf("%d calls were admitted", admitted)
	}

	p.Wait("!document.querySelector('.again').disabled")
	p.Click(".problem .again")
	p.WaitGone(".problem")
	if got := s.traffic.latest(t).status; got != 200 {
		t.Errorf("the call is answered with %d after the wait", got)
	}
	p.Wait("document.querySelector('#next-slot').innerText === 'all are free'")
	p.WaitText(".chip", "5 of 5 calls left")
}

// TestLimitReachedByAction checks that an action that the limit refuses can be repeated once its time
// has come.
func TestLimitReachedByAction(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t, "--limit-calls=1", "--limit-window=3s")
	p := open(t, s, "#/actions/GetAccountBalance")
	p.run()
	p.WaitVisible(".result")
	p.Click("form button[type=submit]")
	p.WaitText(".problem .again", "Try again in")
	p.Wait("!document.querySelector('.again').disabled")
	p.Click(".again")
	p.WaitText(".result .status", "200")
}

// remaining is the number of calls that are left, in a RateLimit header.
var remaining = regexp.MustCompile(`;r=(\d+)`)

// TestCallsLeft checks that the page shows what the service says is left, and that calls from elsewhere
// with the same key show with the next call.
func TestCallsLeft(t *testing.T) {
	t.Parallel()
	s := sandbox(t, "--limit-calls=100")
	p := open(t, s, "#/actions/GetAccountBalance")
	p.WaitText(".chip", "100 calls in 60 s")
	p.run()
	p.WaitText(".chip", "99 of 100 calls left")
	header := s.get(t, "/v1/account-balance").header.Get("RateLimit")
	left, err := strconv.Atoi(remaining.FindStringSubmatch(header)[1])
	if err != nil {
		t.Fatal(err)
	}
	p.Click("form button[type=submit]")
	p.WaitText(".chip", fmt.Sprintf("%d of 100 calls left", left-1))
	p.visit("#/limit", "Limit")
	p.WaitText("#calls-left", fmt.Sprint(left-1))
	p.WaitText("#calls-made", "3")
}
