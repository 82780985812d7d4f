package e2e

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// row is a hostile request with its expected answer.
type row struct {
	id      string
	request string // METHOD TARGET, or RAW and the bytes
	items   []string
	status  int // 0: the connection closes without an answer
	calls   int // of Partner Center
	code    string
	checks  map[string]string // further expectations by name
}

// readTable reads the rows of a table, whose format is described in testdata/hostile.tsv.
func readTable(t *testing.T, path string) []row {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for line := range strings.Lines(string(content)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "id\t") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 6 {
			t.Fatalf("%s: %d fields in %q", path, len(fields), line)
		}
		rows = append(rows, parseRow(t, fields))
	}
	return rows
}

// parseRow parses the fields of a line.
func parseRow(t *testing.T, fields []string) row {
	t.Helper()
	r := row{id: fields[0], request: fields[1], checks: map[string]string{}}
	if items := repeated(fields[2]); items != "" {
		r.items = strings.Split(items, " || ")
	}
	var err error
	if fields[3] != "none" {
		if r.status, err = strconv.Atoi(fields[3]); err != nil {
			t.Fatalf("%s: status %q", r.id, fields[3])
		}
	}
	if r.calls, err = strconv.Atoi(fields[4]); err != nil {
		t.Fatalf("%s: calls %q", r.id, fields[4])
	}
	words := strings.Fields(fields[5])
	if (len(words) == 0) || !strings.HasPrefix(words[0], "code=") {
		t.Fatalf("%s: no code in %q", r.id, fields[5])
	}
	r.code = strings.TrimPrefix(words[0], "code=")
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		if !ok || !regexp.MustCompile(`^[A-Za-z-]+$`).MatchString(name) {
			break // the reason begins
		}
		r.checks[name] = unescape(value)
	}
	return r
}

// plain reports whether net/http itself answers, or the service without its usual headers.
func (r row) plain() bool {
	isGood := (r.status == http.StatusOK) || (r.status == http.StatusAccepted)
	return ((r.code == "-") && !isGood && !r.head()) || (r.code == "plain")
}

// head reports whether the request is a HEAD.
func (r row) head() bool { return strings.HasPrefix(r.request, "HEAD ") }

// state returns the name of the state that the service must be in.
func (r row) state() string {
	for _, item := range r.items {
		if state, ok := strings.CutPrefix(item, "state:"); ok {
			return state
		}
	}
	return ""
}

var (
	repeat = regexp.MustCompile(`\{REPEAT:(.*?):([0-9]+)\}`)
	escape = regexp.MustCompile(`\\(r|n|\\|x[0-9a-fA-F]{2})`)
)

// repeated expands {REPEAT:text:n}.
func repeated(s string) string {
	return repeat.ReplaceAllStringFunc(s, func(macro string) string {
		parts := repeat.FindStringSubmatch(macro)
		n, _ := strconv.Atoi(parts[2])
		return strings.Repeat(parts[1], n)
	})
}

// unescape replaces the escapes of the table.
func unescape(s string) string {
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		switch e[1] {
		case 'r':
			return "\r"
		case 'n':
			return "\n"
		case 'x':
			b, _ := hex.DecodeString(e[2:])
			return string(b)
		}
		return `\`
	})
}

// fill replaces the macros of the table.
func (s *stack) fill(t *testing.T, text string) string {
	t.Helper()
	if strings.Contains(text, "{JWT}") {
		text = strings.ReplaceAll(text, "{JWT}", s.entra.Mint(t, ""))
	}
	k := s.keys
	return strings.NewReplacer(
		"{G}", customerID, "{GNOSLASH}", customerID, "{GUP}", strings.ToUpper(customerID),
		"{GNODASH}", strings.ReplaceAll(customerID, "-", ""), "{GSHORT}", customerID[:len(customerID)-1],
		"{KEY}", k.key, "{KEY2}", k.second, "{OTHERKEY}", k.other, "{REVOKED}", k.revoked,
		"{KEYPREFIX}", k.key[:len(k.key)-1], "{KEYUP}", strings.ToUpper(k.key), "{KEYHASH}",
		strings.Fields(keyLine("", k.key))[0],
	).Replace(text)
}

// wire returns the bytes of a row's request.
func (s *stack) wire(t *testing.T, r row) string {
	t.Helper()
	request := s.fill(t, unescape(repeated(r.request)))
	if raw, ok := strings.CutPrefix(request, "RAW "); ok {
		return raw
	}
	host, lines, body := publicHost, "", ""
	for _, item := range r.items {
		kind, value, _ := strings.Cut(item, ":")
		switch value = s.fill(t, unescape(value)); kind {
		case "auth":
			if line := s.credential(t, value); line != "" {
				lines += line + "\r\n"
			}
		case "hdr":
			lines += value + "\r\n"
		case "host":
			host = value
		case "body":
			lines += fmt.Sprintf("Content-Length: %d\r\n", len(value))
			body += value
		case "rawbody":
			body += value
		}
	}
	return request + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + lines + "\r\n" + body
}

// credential returns the header line for an item auth: of the table, or "" for none.
func (s *stack) credential(t *testing.T, item string) string {
	t.Helper()
	switch way, mutation, _ := strings.Cut(item, " "); {
	case way == "key":
		return "X-Api-Key: " + s.keys.key
	case mutation == "lower-scheme":
		return "Authorization: bearer " + s.entra.Mint(t, "")
	case way == "jwt":
		return "Authorization: Bearer " + s.entra.Mint(t, mutation)
	}
	return ""
}

// method returns the method of the request.
func (r row) method() string {
	method, _, _ := strings.Cut(strings.TrimPrefix(r.request, "RAW "), " ")
	return method
}
