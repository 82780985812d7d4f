package console_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inModule evaluates an expression with what a module of the console exports as m.
func inModule[T any](p tab, module, expression string) T {
	return value[T](p, "import('/console/"+module+"').then((m) => "+expression+")")
}

// TestLimitModel feeds the picture of the limit with headers, at times that the test sets.
func TestLimitModel(t *testing.T) {
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/about")
	const prelude = `(() => {
		const limit = new m.Limit(100, 60);
		const answer = (now, r, t, began = now) => limit.observe(new Headers({
			"RateLimit-Policy": '"connection";q=100;w=60', RateLimit: '"connection";r=' + r + (t ? ";t=" + t : ""),
		}), began, now);
		`
	for name, c := range map[string]struct {
		steps string
		want  []float64
	}{
		"a call a second": {`for (let i = 0; i < 180; i++) answer(i * 1000, 100 - Math.min(60, i + 1), 60);
			return limit.history([119000, 134000, 149000, 164000, 179000]);`, []float64{60, 60, 60, 60, 60}},
		"a burst that has ended": {`for (let i = 0; i < 100; i++) answer(i, 99 - i, 60);
			answer(61000, 99, 60);
			return limit.history([1000, 30000, 59000, 60500, 61000]);`, []float64{100, 100, 100, 0, 1}},
		"answers in another order": {`answer(10, 98, 60, 1); answer(11, 97, 60, 2); answer(12, 99, 60, 0);
			return [limit.remaining(12)];`, []float64{97}},
		"several calls for one answer": {`answer(5000, 88, 60); return [limit.remaining(5000), limit.nextSlot(5000)];`,
			[]float64{88, 60}},
		"calls of another tab": {`answer(5000, 40, 10); return [limit.remaining(5000), limit.nextSlot(5000)];`,
			[]float64{40, 10}},
		"a free slot": {`answer(0, 0, 60);
			return [limit.remaining(59999), limit.remaining(60001), limit.nextSlot(60001)];`,
			[]float64{0, 100, 0}},
		"no headers": {`limit.observe(new Headers(), 0, 0); return [Number(limit.isKnown), limit.remaining(0)];`,
			[]float64{0, 100}},
	} {
		t.Run(name, func(t *testing.T) {
			got := inModule[[]float64](p, "limit.js", prelude+c.steps+"})()")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFormat checks how values are written for people.
func TestFormat(t *testing.T) {
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/about")
	for name, c := range map[string]struct{ item, path, kind, want string }{
		"amount":               {`{"a":24606.35,"currencyCode":"EUR"}`, "a", "number", "€24,606.35"},
		"amount in an object":  {`{"p":{"a":5,"currency":"USD"}}`, "p.a", "number", "$5.00"},
		"amount of the object": {`{"p":{"a":5},"currencyCode":"USD"}`, "p.a", "number", "$5.00"},
		"no such currency":     {`{"a":5.50,"currencyCode":"??"}`, "a", "number", "5.5"},
		"number":               {`{"a":0.30000000000000004}`, "a", "number", "0.30000000000000004"},
		"count with currency":  {`{"a":5,"currencyCode":"USD"}`, "a", "integer", "5"},
		"large":                {`{"a":12345678901234567890}`, "a", "integer", "12,345,678,901,234,567,890"},
		"day":                  {`{"a":"2026-03-01"}`, "a", "string", "Mar 1, 2026"},
		"midnight":             {`{"a":"2026-03-01T00:00:00Z"}`, "a", "string", "Mar 1, 2026"},
		"without a zone":       {`{"a":"2026-03-01T10:30:00.1234567"}`, "a", "string", "Mar 1, 2026, 10:30 AM"},
		"another zone":         {`{"a":"2026-03-01T00:30:00+02:00"}`, "a", "string", "Feb 28, 2026, 10:30 PM"},
		"no date":              {`{"a":"0001-01-01T00:00:00"}`, "a", "string", "none"},
		"no day":               {`{"a":"2024-02-30"}`, "a", "string", "2024-02-30"},
		"never":                {`{"a":"9999-12-28T00:00:00Z"}`, "a", "string", "Dec 28, 9999"},
		"text":                 {`{"a":"P1Y"}`, "a", "string", "P1Y"},
		"yes":                  {`{"a":true}`, "a", "boolean", "Yes"},
		"list":                 {`{"a":["x",1.50]}`, "a", "array", "x, 1.5"},
		"absent":               {`{}`, "a", "string", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := inModule[string](p, "values.js", "m.format(m.parse("+quote(c.item)+"), {type: "+quote(c.kind)+
				", path: "+quote(c.path)+".split('.')})")
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
