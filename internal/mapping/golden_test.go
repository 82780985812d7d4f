package mapping_test

import (
	"bytes"
	"flag"
	"github.com/partner-center/connector/internal/mapping"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGoldens projects one answer of each of the connector's schemas, in Partner Center's own shapes.
func TestGoldens(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.json")
	if err != nil || len(inputs) < 5 {
		t.Fatal(inputs, err)
	}
	for _, input := range inputs {
		name := strings.TrimSuffix(filepath.Base(input), ".json")
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			schema := documented(t, name)
			var dropped []string
			got, err := compiled(t, schema).Append(nil, src, mapping.Options{OnDrop: func(path string) { dropped = append(dropped, path) }})
			if err != nil {
				t.Fatal(err)
			}
			checkDocumented(t, schema, got)
			got = append(got, "\nleft out: "+strings.Join(dropped, " ")+"\n"...)
			golden := strings.TrimSuffix(input, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s (%v)", got, want, err)
			}
		})
	}
}
