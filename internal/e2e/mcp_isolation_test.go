package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestMCPIsolation has many connections call tools at once in both eras, each over a kept
// connection of its own. Every one gets its own rows, IDs and limit, and no cursor of another
// works.
func TestMCPIsolation(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const connections, rounds, limit = 48, 8, 1000
	s := newBackends(t)
	var lines []string
	for i := range connections {
		lines = append(lines, keyLine(fmt.Sprint("connection-", i), isolatedKey(i)))
	}
	s.keys.write(t, lines...)
	s.process = s.start(t, "connector", fmt.Sprint("CONNECTOR_LIMIT_CALLS=", limit), "CONNECTOR_LIMIT_WINDOW=5m",
		"CONNECTOR_LOG_LEVEL=info")
	// Partner Center answers with the customer of the path in every row.
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		id, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/customers/"), "/")
		if r.Header.Get("MS-CorrelationId") != id {
			s.upstream.Fault("a call with the IDs of another")
		}
		if rest == "" {
			reply.JSON(fmt.Sprintf(`{"id":"%s","customDomains":["%s"]}`, id, id))(w, r)
			return
		}
		rows := numbered(30, func(int) string { return fmt.Sprintf(`,"status":"%s"`, id) })
		wholeList(rows)(w, r)
	})
	var workers sync.WaitGroup
	cursors := make([]string, connections)
	for i := range connections {
		workers.Go(func() {
			c := newIsolatedClient(t, s.address, i)
			for range rounds {
				if cursors[i] = c.round(); t.Failed() {
					return
				}
			}
			if c.left != limit-4*rounds {
				t.Errorf("connection %d has %d calls left, want %d", i, c.left, limit-4*rounds)
			}
		})
	}
	workers.Wait()
	for i, cursor := range cursors {
		other := mcpClient{s.process, legacy, []string{apiKey(isolatedKey((i + 1) % connections))}}
		arguments := fmt.Sprintf(`{"CustomerTenantID":"%s","Size":10,"Cursor":%q}`, guid(i), cursor)
		other.call(t, "csp_list_orders", arguments).fails(t, 400, "InvalidCursor")
	}
}

// isolatedKey returns the API key of the nth connection.
func isolatedKey(n int) string { return fmt.Sprintf("key-of-connection-%d-0123456789abcdef", n) }

// isolatedClient makes calls of one connection over one TCP connection.
type isolatedClient struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
	n      int    // of the connection
	id     string // of its customer
	calls  int
	left   int // calls of the limit
}

func newIsolatedClient(t *testing.T, address string, n int) *isolatedClient {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return &isolatedClient{t: t}
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(5 * patience))
	return &isolatedClient{t: t, conn: c, reader: bufio.NewReader(c), n: n, id: guid(n)}
}

// round lists two pages, reads the customer and fails once. It returns the cursor of the first
// page.
func (c *isolatedClient) round() (cursor string) {
	list := fmt.Sprintf(`{"CustomerTenantID":"%s","Size":10`, c.id)
	first := c.call("csp_list_orders", list+"}")
	if found := cursorForm.FindStringSubmatch(first); found != nil {
		cursor = found[1]
	}
	second := c.call("csp_list_orders", fmt.Sprintf(`%s,"Cursor":%q}`, list, cursor))
	for at, page := range []string{first, second} {
		for row := range 10 {
			if !strings.Contains(page, fmt.Sprintf("\n%d,%s", at*10+row, c.id)) {
				c.t.Errorf("%s has no row %d on page %d: %s", c.id, at*10+row, at, page)
			}
		}
	}
	if got, want := c.call("csp_get_customer", fmt.Sprintf(`{"CustomerTenantID":"%s"}`, c.id)),
		fmt.Sprintf(`{"id":"%s","customDomains":["%s"]}`, c.id, c.id); strings.TrimSpace(got) != want {
		c.t.Errorf("got %s, want %s", got, want)
	}
	subscriptions := c.call("csp_list_subscriptions", list+`,"Format":"json"}`)
	if strings.Count(subscriptions, c.id) != 10 {
		c.t.Errorf("%s got %s", c.id, subscriptions)
	}
	wrong := c.call("csp_get_customer", fmt.Sprintf(`{"CustomerTenantID":"x","wrong-%d":1}`, c.n))
	if !strings.HasPrefix(wrong, "UnknownParameter (400): ") || !strings.Contains(wrong, fmt.Sprintf("wrong-%d", c.n)) {
		c.t.Errorf("%s got %s", c.id, wrong)
	}
	return cursor
}

// call calls a tool and returns the text of the result. Eras and kinds of IDs alternate.
func (c *isolatedClient) call(tool, arguments string) string {
	if c.conn == nil {
		return ""
	}
	c.calls++
	version, id := legacy, fmt.Sprintf(`"%d-%d"`, c.n, c.calls)
	if c.calls%2 == 0 {
		version, id = modern, fmt.Sprint(c.n*1_000_000+c.calls)
	}
	r := version.call(tool, arguments).with("-Connection", apiKey(isolatedKey(c.n)), "MS-CorrelationId: "+c.id)
	r.body = strings.Replace(r.body, `"id":1`, `"id":`+id, 1)
	r = r.with(fmt.Sprintf("Content-Length: %d", len(r.body)))
	io.WriteString(c.conn, r.wire())
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.t.Errorf("%s: %v", c.id, err)
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Errorf("%s: %v", c.id, err)
	}
	var m struct {
		ID     json.RawMessage
		Result struct{ Content []struct{ Text string } }
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&m); (err != nil) || (string(m.ID) != id) ||
		(len(m.Result.Content) != 1) {
		c.t.Errorf("%s: the request %s got %d %s: %v", c.id, id, resp.StatusCode, body, err)
		return ""
	}
	if got := resp.Header.Get("MS-CorrelationId"); got != c.id {
		c.t.Errorf("%s got the correlation ID %s", c.id, got)
	}
	if limit := limitForm.FindStringSubmatch(resp.Header.Get("RateLimit")); limit != nil {
		fmt.Sscan(limit[1], &c.left)
	}
	return m.Result.Content[0].Text
}
