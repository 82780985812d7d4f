package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the generated pages of the documentation")

// root is the repository.
const root = "../.."

// documents returns the paths, below root, of every page that readers follow links to.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", "docs/agents/*.md", "docs/deploy/*.md",
		"docs/flows/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			relative, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, filepath.ToSlash(relative))
		}
	}
	return all
}

// readPage returns the text of a page, named by its path below root.
func readPage(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block is a fenced code block.
type block struct {
	language string
	text     string
	line     int // of the opening fence
}

var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

// blocksOf returns the code blocks of a page, in order.
func blocksOf(page string) []block {
	var all []block
	for _, at := range fence.FindAllStringSubmatchIndex(page, -1) {
		all = append(all, block{
			language: page[at[2]:at[3]],
			text:     page[at[4]:at[5]],
			line:     1 + strings.Count(page[:at[0]], "\n"),
		})
	}
	return all
}

// docsService is a running service that documents are compared with.
type docsService struct {
	url string
	log *lines
}

// lines is a log that can be read while it is written. It signals each line.
type lines struct{ c chan string }

func (l *lines) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		select {
		case l.c <- line:
		default: // enough for the tests
		}
	}
	return len(p), nil
}

// serveDocs runs connector serve with these arguments and a port of its own until the test ends.
func serveDocs(t *testing.T, arguments ...string) *docsService {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	s := &docsService{log: &lines{make(chan string, 1000)}}
	arguments = append([]string{"serve", "--listen=127.0.0.1:0", "--drain=0s"}, arguments...)
	go func() { ended <- Run(ctx, arguments, environment(), io.Discard, s.log) }()
	t.Cleanup(func() {
		cancel()
		if status := <-ended; status != ExitOK {
			t.Errorf("serve ended with status %d", status)
		}
	})
	return s
}

// waitForAddress returns the address in the first log line that has this message.
func (s *docsService) waitForAddress(t *testing.T, message string) string {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case line := <-s.log.c:
			var entry struct{ Msg, Address string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == message {
				return "http://" + entry.Address
			}
		case <-timeout:
			t.Fatalf("no line %q in the log", message)
		}
	}
}

// newDocsService starts a sandbox that is ready.
func newDocsService(t *testing.T) *docsService {
	t.Helper()
	s := serveDocs(t, "--sandbox", "--limit-calls=10000", "--upstream-timeout=1s", "--log-format=json")
	s.url = s.waitForAddress(t, "listening")
	return s
}

// get returns what the service answers to a GET with the sandbox's key. The address is as the
// documentation has it.
func (s *docsService) get(t *testing.T, address string) []byte {
	t.Helper()
	return s.send(t, http.MethodGet, address, nil)
}

// post returns what the service answers to a POST of JSON, in the same way.
func (s *docsService) post(t *testing.T, address, body string) []byte {
	t.Helper()
	return s.send(t, http.MethodPost, address, strings.NewReader(body))
}

func (s *docsService) send(t *testing.T, method, address string, body io.Reader) []byte {
	t.Helper()
	path := strings.TrimPrefix(address, shownAddress)
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", "sandbox")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(answer, []byte(s.url), []byte(shownAddress))
}

// shownAddress is where the service is in the documentation.
const shownAddress = "http://127.0.0.1:8080"
