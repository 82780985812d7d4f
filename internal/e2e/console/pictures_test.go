package console_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/tier"
)

var writePictures = flag.Bool("pictures", false, "write the pictures of the documentation")

// TestCompareScreenshotPictures makes what the documentation shows of the console. With -pictures it writes the
// pictures; without, they are only made, and compared with what they looked like.
func TestCompareScreenshotPictures(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	for name, scene := range map[string]func(p tab){
		"actions": func(p tab) {
			p.Type("#Size", "6")
			p.run()
			p.Click(field("companyProfile.companyName"))
			p.WaitVisible(".inspector")
		},
		"error": func(p tab) {
			p.visit("#/sandbox", "Sandbox")
			p.Click(`button[aria-label$="000000000403"]`)
			p.WaitVisible(".problem")
		},
		"limit": func(p tab) {
			p.visit("#/limit", "Limit")
			p.Click("#reach-limit")
			p.WaitVisible(".problem")
			p.Evaluate("document.activeElement.blur()", nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := sandbox(t, "--limit-calls=100")
			p := openWith(t, s, "#/actions/GetAllCustomers", browser.Options{Height: 900})
			scene(p)
			p.WaitGone(".notice:not(:empty)")
			p.CompareScreenshot("docs-" + name)
			if *writePictures {
				file := filepath.Join("..", "..", "..", "docs", "console", name+".png")
				if err := os.WriteFile(file, p.Screenshot(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
