package sandbox

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// monthlyInvoices returns the simple legacy invoices of the 44 months up to the end of 2016. Those
// from before 2015 have neither a document type nor an invoice type.
func (s *store) monthlyInvoices() []item {
	var list []item
	for n := range 44 {
		month := time.Date(2016, time.December-time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		shape := "invoices/monthly"
		if month.Year() < 2015 {
			shape = "invoices/monthly-old"
		}
		id := "D0" + month.Format("200601") + "SB"
		cents := 2_000_000 + n*7919%1000*1373
		values := strings.NewReplacer("{invoice}", id, "{month}", month.Format("2006-01"),
			`"{charges}"`, fmt.Sprintf("%d.%02d", cents/100, cents%100))
		for _, i := range s.fixtures[shape] {
			list = append(list, item{values.Replace(i.json), keys{ID: id}})
		}
	}
	return list
}

// listInvoices pages the legacy invoices by size and offset. Partner Center ignores both for modern
// invoices, so all of these come at the end of the first page, whatever its size, and every invoice
// is on exactly one page.
func (s *store) listInvoices(q *request) answer {
	// Partner Center documents no maximum size for invoices; for their line items it is 2000.
	size := q.number("size", 1, 2000, len(s.legacy))
	offset := q.number("offset", 0, math.MaxInt32, 0)
	if q.err != nil {
		return invalid(q.err)
	}
	end := min(offset+size, len(s.legacy))
	page := slices.Clone(s.legacy[min(offset, end):end])
	if offset == 0 {
		page = append(page, s.fixtures["invoices/modern"]...)
	}
	uri := func(offset int) string {
		// Partner Center has been seen to escape links for HTML. Every second page does.
		return fmt.Sprintf("/invoices?size=%d%soffset=%d", size, []string{"&", "&amp;"}[offset/size%2], offset)
	}
	links := link("self", uri(offset))
	if end < len(s.legacy) {
		links += "," + link("next", uri(end))
	}
	return found(collection(fill(page, strings.NewReplacer()), links))
}

// getInvoice returns one invoice, for App+User tokens only.
func (s *store) getInvoice(q *request) answer {
	if !q.user {
		return appUserOnly()
	}
	// Links in invoices put the type before the id: Recurring-D…, OneTime-G….
	_, id, prefixed := strings.Cut(q.id, "-")
	if !prefixed {
		id = q.id
	}
	for _, i := range slices.Concat(s.legacy, s.fixtures["invoices/modern"]) {
		if strings.EqualFold(i.keys.ID, id) {
			return found(i.json)
		}
	}
	return failure(404, noSuchResource, "The invoice %.100q was not found.", q.id)
}

// getStatement returns the same PDF of one page for every invoice.
func (s *store) getStatement(q *request) answer {
	if a := s.getInvoice(q); a.status != 200 {
		return a
	}
	return answer{status: 200, contentType: "application/pdf", body: statement}
}

func appUserOnly() answer {
	return failure(403, appOnlyForbidden,
		"This resource does not support app-only authentication; use App+User credentials.")
}

// getBalance returns the balance of the account.
func (s *store) getBalance(*request) answer { return found(s.fixtures["invoices/balance"][0].json) }
