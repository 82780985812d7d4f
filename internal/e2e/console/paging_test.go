package console_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// ids returns the values of a member of some items.
func ids(items []map[string]any) []string {
	var all []string
	for _, item := range items {
		all = append(all, item["id"].(string))
	}
	return all
}

// TestPaging checks that the pages of a list are those of its links, and that going back makes no call.
func TestPaging(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetAllCustomers")
	p.Type("#Size", "250")
	p.run()

	var first struct{ NextLink string }
	s.get(t, "/v1/customers?Size=250").decode(t, &first)
	one := ids(s.items(t, "/v1/customers?Size=250"))
	two := ids(s.items(t, strings.TrimPrefix(first.NextLink, s.address)))

	expect := func(page string, want []string) {
		t.Helper()
		if got := p.Texts(field("id")); !slices.Equal(got, want) {
			t.Errorf("%s has %d rows that begin with %.1q, want %d with %.1q", page, len(got), got, len(want), want)
		}
	}
	expect("the first page", one)
	if got := p.Count(".pager"); got != 1 {
		t.Fatalf("there are %d pagers", got)
	}
	p.ClickText(".pager button", "Next page")
	p.WaitText(".summary", "page 2")
	expect("the second page", two)

	calls := len(s.traffic.calls())
	p.ClickText(".pager button", "Previous page")
	p.WaitText(".summary", "page 1")
	expect("the first page again", one)
	p.ClickText(".pager button", "Next page")
	p.WaitText(".summary", "page 2")
	expect("the second page again", two)
	if got := len(s.traffic.calls()); got != calls {
		t.Errorf("going back and forth made %d calls", got-calls)
	}

	for page := 3; p.Count(".pager span") == 0; page++ {
		if page > 20 {
			t.Fatal("there is no last page")
		}
		p.ClickText(".pager button", "Next page")
		p.settle()
	}
	p.WaitText(".pager", "This is the last page.")
	if got := p.Texts(".pager button"); !slices.Equal(got, []string{"Previous page"}) {
		t.Errorf("the last page has the buttons %q", got)
	}
}

// TestTriggerPolls checks that a trigger polls again at the address of its answer.
func TestTriggerPolls(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/OnActivity")
	p.run()
	p.WaitText(".none", "Nothing is new.")
	location := s.traffic.latest(t).header.Get("Location")
	p.ClickText(".pager button", "Poll again")
	p.WaitText(".summary", "page 2")
	if got := s.address + s.traffic.latest(t).target; got != location {
		t.Errorf("the page polls %s, want %s", got, location)
	}
}

// TestFailedPage checks that the pages before a page that failed can be seen, and that the page itself can be
// tried again.
func TestFailedPage(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t, "--limit-calls=2", "--limit-window=4s")
	p := open(t, s, "#/actions/GetAllCustomers")
	p.Type("#Size", "5")
	p.run()
	first := p.Texts(field("id"))
	p.ClickText(".pager button", "Next page")
	p.WaitText(".summary", "page 2")
	p.ClickText(".pager button", "Next page")
	p.WaitText(".problem .code", "RateLimitExceeded")
	failed := s.traffic.latest(t).target
	p.Wait("!document.querySelector('.again').disabled")
	p.Click(".again")
	p.WaitGone(".problem")
	if got := s.traffic.latest(t).target; got != failed {
		t.Errorf("the button calls %s, want the failed page", got)
	}
	if p.Count(".pager button.secondary") == 0 {
		t.Errorf("there is no way back to the page with %s", first[0])
	}
}
