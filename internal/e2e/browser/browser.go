// Package browser drives Chromium in tests. A Page is a tab in an incognito context of its own. It
// fails its test for everything that a page of this project must not do: log errors or warnings,
// violate its Content Security Policy, call other origins, or store anything in the browser.
//
// The methods of a Page act like a user: they wait until an element is visible and receives the
// pointer, then send real mouse and key events. Every wait ends as soon as its condition holds, and
// fails the test after a minute. The browser cannot reach other machines.
//
// Tests are skipped if Chromium is not installed. A test binary starts one browser at most, which
// Main ends.
package browser

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience bounds every wait. Only a failing test takes that long, however busy the machine is.
const patience = time.Minute

// programs are the names of Chromium that are looked for in PATH. The first two are its build without a user
// interface, which takes half as long for a test.
var programs = []string{"chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser",
	"google-chrome"}

// shared is the browser of the test binary.
var shared struct {
	main   bool // Main is called
	once   sync.Once
	ctx    context.Context
	err    error
	update *bool
}

// Main runs the tests, ends the browser and returns the status to exit with. TestMain must call it.
// It defines the flag -update for CompareScreenshot.
func Main(m *testing.M) int {
	shared.main = true
	shared.update = flag.Bool("update", false, "write the golden files")
	status := m.Run()
	if shared.ctx != nil {
		ctx, cancel := context.WithTimeout(shared.ctx, patience)
		defer cancel()
		if err := chromedp.Cancel(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "end the browser: %v\n", err)
		}
	}
	return status
}

// A Browser opens pages.
type Browser struct{ ctx context.Context }

// Start returns the browser of the test binary, and starts it on the first call. It looks for
// Chromium at CONNECTOR_BROWSER and in PATH, and skips the test if it finds no browser.
func Start(t testing.TB) *Browser {
	t.Helper()
	if !shared.main {
		t.Fatal("TestMain does not call browser.Main")
	}
	program, err := find()
	if err != nil {
		t.Fatal(err)
	}
	if program == "" {
		t.Skipf("no Chromium: CONNECTOR_BROWSER is not set, and PATH has none of %v", programs)
	}
	shared.once.Do(func() { shared.ctx, shared.err = launch(program) })
	if shared.err != nil {
		t.Fatalf("start %s: %v", program, shared.err)
	}
	return &Browser{ctx: shared.ctx}
}

// find returns the path of Chromium, or "" if it is not installed.
func find() (string, error) {
	if name := os.Getenv("CONNECTOR_BROWSER"); name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("CONNECTOR_BROWSER: %w", err)
		}
		return path, nil
	}
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", nil
}

// launch starts Chromium without a window. Its profile is a temporary directory. As root it runs
// without a sandbox, which Chromium does not support there.
func launch(program string) (context.Context, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		// A proxy of the environment would resolve names elsewhere.
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE [::1] , EXCLUDE localhost"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("font-render-hinting", "none"),
	)
	ctx, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(ctx)
	// The browser lives as long as the context of the first call, so this cannot have a deadline.
	timer := time.AfterFunc(patience, cancel)
	defer timer.Stop()
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		return nil, err
	}
	return ctx, nil
}
