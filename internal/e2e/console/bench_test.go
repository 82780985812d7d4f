package console_test

import (
	"fmt"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/sandboxtest"
)

// BenchmarkFirstPaint measures how long the console takes to show something, on loopback. It should be less
// than 100 ms on a machine that is otherwise idle.
func BenchmarkFirstPaint(b *testing.B) {
	chromium, address := browser.Start(b), sandboxtest.Serve(b)
	var sum, least float64
	n := 0
	for b.Loop() {
		p := chromium.Open(b, address+"/console/#/about", browser.Options{})
		ms := float64(p.FirstPaint().Microseconds()) / 1000
		if (n == 0) || (ms < least) {
			least = ms
		}
		sum += ms
		p.WaitText(".ready", "ready")
		n++
	}
	b.ReportMetric(sum/float64(n), "first-paint-ms")
	b.ReportMetric(least, "least-ms")
}

// BenchmarkTable measures how long the browser takes from the click that shows a table until it is on the
// screen, for the longest page of customers.
func BenchmarkTable(b *testing.B) {
	const rows = 500
	p := open(b, sandbox(b), "#/actions/GetAllCustomers")
	p.SetValue("#Size", fmt.Sprint(rows))
	p.run()
	if got := p.Count(field("id")); got != rows {
		b.Fatalf("the table has %d rows", got)
	}
	var sum float64
	n := 0
	for b.Loop() {
		p.Evaluate("document.querySelector('.result input[value=curl]').click()", nil)
		p.WaitVisible(".result pre")
		sum += value[float64](p, `new Promise(resolve => {
			const began = performance.now();
			document.querySelector('.result input[value=table]').click();
			requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
		})`)
		p.WaitVisible(grid)
		n++
	}
	b.ReportMetric(sum/float64(n), "table-ms")
}
