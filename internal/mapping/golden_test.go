package mapping_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/mapping"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGoldens projects a sample of Partner Center's answer for each kind of response.
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
			options := mapping.Options{OnDrop: func(path string) { dropped = append(dropped, path) }}
			got, err := compiled(t, schema).Append(nil, src, options)
			if err != nil {
				t.Fatal(err)
			}
			checkDocumented(t, schema, got)
			got = append(got, "\ndropped: "+strings.Join(dropped, " ")+"\n"...)
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
