package console_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestDownloads checks that each link of the page Register saves the file that the service serves there.
func TestDownloads(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/register")
	p.WaitVisible("a[download]")
	links := value[[]string](p, "[...document.querySelectorAll('a[download]')].map(a => a.getAttribute('href'))")
	if len(links) < 12 {
		t.Errorf("there are %d links", len(links))
	}
	for _, link := range links {
		p.Click(`a[href="` + link + `"]`)
		name, content := p.WaitDownload()
		if want := link[strings.LastIndex(link, "/")+1:]; name != want {
			t.Errorf("the name is %s, want %s", name, want)
		}
		a := s.get(t, "/console/"+link)
		if a.status != 200 || !bytes.Equal(content, a.body) {
			t.Errorf("%s: got %d bytes, want %d", link, len(content), len(a.body))
		}
		if isZip := bytes.HasPrefix(content, []byte("PK\x03\x04")); !isZip && !json.Valid(content) {
			t.Errorf("%s is neither a zip nor JSON", link)
		}
	}
}

// block is a block of JSON in the documentation.
var block = regexp.MustCompile("(?s)```json\n(.*?)```")

// TestSnippets checks that each snippet of the page Agents is in the documentation.
func TestSnippets(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/agents")
	p.WaitVisible("pre")
	docs := documentation(t, "agents.md")
	var documented []any
	for _, match := range block.FindAllStringSubmatch(docs, -1) {
		var v any
		if json.Unmarshal([]byte(match[1]), &v) == nil {
			documented = append(documented, v)
		}
	}
	snippets := p.Texts(".code-block code")
	if len(snippets) < 4 {
		t.Errorf("there are %d snippets", len(snippets))
	}
	for _, text := range snippets {
		text = strings.ReplaceAll(text, s.address, "https://connector.contoso.com")
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			if !strings.Contains(docs, text) {
				t.Errorf("the documentation has no %s", text)
			}
			continue
		}
		found := false
		for _, d := range documented {
			found = found || cmp.Equal(d, v)
		}
		if !found {
			t.Errorf("the documentation has no %s", text)
		}
	}
}

// TestAbout checks that the page About has the health of the service.
func TestAbout(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/about")
	p.WaitText(".health", "alive")
	p.Wait("document.querySelector('.ready').innerText === 'ready'")
	p.WaitText(".facts", s.address)
	p.ClickText(".facts button", "Check again")
	p.Wait("performance.getEntriesByType('resource').filter(e => e.name.endsWith('/readyz')).length === 2")
	p.Wait("document.querySelector('.ready').innerText === 'ready'")
}
