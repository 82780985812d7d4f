package e2e

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

//go:embed testdata/load.svg.tmpl
var loadTemplate string

// The position of the plot in the picture, in its units.
const plotLeft, plotRight, plotTop, plotBottom = 56.0, 856.0, 100.0, 330.0

// tails are the marks of the percentile axis. It is logarithmic in the share of slower calls, so
// that the slowest calls have as much room as all others.
var tails = []float64{0, 50, 90, 99, 99.9}

// mark is a text at a position of the picture.
type mark struct {
	At    float64
	Text  string
	Class string
}

// picture returns the report as SVG: latency by percentile for both processes, above the table of
// the figures.
func (r loadReport) picture() []byte {
	last := tails[len(tails)-1]
	highest := max(r.Service.steady.percentile(last), r.Plain.steady.percentile(last)).Seconds() * 1e3
	step := niceStep(highest / 5)
	top := step * math.Ceil(highest/step)
	x := func(p float64) float64 {
		return plotLeft + (plotRight-plotLeft)*math.Log(1-p/100)/math.Log(1-last/100)
	}
	y := func(ms float64) float64 { return plotBottom - (plotBottom-plotTop)*ms/top }
	curve := func(m measured) string {
		var points []string
		for n := range 101 { // evenly on the axis
			p := 100 - 100*math.Pow(1-last/100, float64(n)/100)
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(p), y(m.percentile(p).Seconds()*1e3)))
		}
		return strings.Join(points, " ")
	}
	data := struct {
		Title, Note, Foot string
		X, Y              []mark
		Service, Plain    string
		Rows              [][]mark
	}{Title: r.title(), Note: r.note(), Foot: r.foot(), Service: curve(r.Service.steady), Plain: curve(r.Plain.steady)}
	for _, p := range tails {
		data.X = append(data.X, mark{At: x(p), Text: strconv.FormatFloat(p, 'f', -1, 64)})
	}
	for n := range int(math.Round(top/step)) + 1 {
		data.Y = append(data.Y, mark{At: y(float64(n) * step), Text: strconv.FormatFloat(float64(n)*step, 'g', 4, 64)})
	}
	for n, row := range r.rows() {
		class := ""
		if n == 0 {
			class = "faint"
		}
		marks := []mark{{64, row[0], class}}
		for n, cell := range row[1:] {
			marks = append(marks, mark{256 + 75*float64(n), cell, class + " end"})
		}
		data.Rows = append(data.Rows, marks)
	}
	var b bytes.Buffer
	functions := template.FuncMap{"row": func(n int) int { return 396 + 22*n },
		"coordinate": func(f float64) string { return fmt.Sprintf("%.1f", f) }}
	if err := template.Must(template.New("").Funcs(functions).Parse(loadTemplate)).Execute(&b, data); err != nil {
		panic(err) // the template is ours
	}
	return b.Bytes()
}

// niceStep returns the least product of 1, 2 or 5 and a power of ten that is at least v.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, digit := range []float64{1, 2, 5} {
		if digit*power >= v {
			return digit * power
		}
	}
	return 10 * power
}

// TestLoadPicture compares the picture with a reviewed one.
func TestLoadPicture(t *testing.T) {
	r := loadReport{Date: "2026-01-02", Machine: "A <fast> & quiet one, 2 cores, go1.26", Rate: 500, Callers: 16,
		Service: loadedFor(4 * time.Microsecond), Plain: loadedFor(2500 * time.Nanosecond)}
	got := r.picture()
	wellFormed(t, got)
	const golden = "testdata/load.svg"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); (err != nil) || !bytes.Equal(got, want) {
		t.Errorf("the picture is not %s (%v): run make update and look at it", golden, err)
	}
}

// wellFormed fails the test for a document that is not XML.
func wellFormed(t *testing.T, document []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(document)); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
