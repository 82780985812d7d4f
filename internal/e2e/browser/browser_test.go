package browser

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("CONNECTOR_BROWSER", "")
	if path, err := find(); (path != "") || (err != nil) {
		t.Errorf("without a browser, find returns %q and %v", path, err)
	}
	t.Setenv("CONNECTOR_BROWSER", filepath.Join(dir, "missing"))
	if _, err := find(); err == nil {
		t.Error("a wrong CONNECTOR_BROWSER is not reported")
	}
	program := filepath.Join(dir, "my-browser.exe")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONNECTOR_BROWSER", program)
	if path, err := find(); (path != program) || (err != nil) {
		t.Errorf("with CONNECTOR_BROWSER, find returns %q and %v", path, err)
	}
}
