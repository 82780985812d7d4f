package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
)

func TestHostileTableUsesEveryTokenMutation(t *testing.T) {
	t.Parallel()
	unused := fakeentra.Mutations()
	for _, r := range readTable(t, "testdata/hostile.tsv") {
		for _, item := range r.items {
			if name, ok := strings.CutPrefix(item, "auth:jwt "); ok {
				unused = slices.DeleteFunc(unused, func(m string) bool { return m == name })
			}
		}
	}
	for _, name := range unused {
		t.Errorf("no row has the mutation %s", name)
	}
}
