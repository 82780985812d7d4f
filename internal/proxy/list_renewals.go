package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/mapping"
	"github.com/partner-center/connector/internal/partnercenter"
)

const (
	renewalCustomers = 10      // customers on a page
	renewalParallel  = 2       // calls at the same time: Partner Center throttles more
	renewalBytes     = 4 << 20 // of items, behind which a page ends
)

// ListRenewals returns the subscriptions of some customers as flat items. Partner Center has no such
// list, so the action asks for a page of customers and then for each one's subscriptions, and every call
// counts against the limit. A page ends early, and the next one continues, when the limit or two thirds
// of the time are used up or a call fails. See
// https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions.
func (p *Proxy) ListRenewals(
	ctx context.Context, r gen.ListRenewalsRequestObject,
) (gen.ListRenewalsResponseObject, error) {
	from, err := readRenewalPosition(valueOf(r.Params.ContinuationToken))
	if err != nil {
		return nil, err
	}
	customers, token, err := p.renewalCustomers(ctx, from)
	if err != nil {
		return nil, err
	}
	customers = from.left(customers)
	page := renewalPage{
		proxy: p,
		query: url.Values{},
		where: termFilter{
			endsFrom:     valueOf(r.Params.EndsFrom),
			endsBefore:   valueOf(r.Params.EndsBefore),
			autoRenew:    valueOf(r.Params.AutoRenew),
			status:       valueOf(r.Params.Status),
			termDuration: valueOf(r.Params.TermDuration),
		}.conditions(),
	}
	set(page.query, "mpn_id", r.Params.PartnerID)
	done, err := page.read(ctx, customers[:min(renewalCustomers, len(customers))])
	if err != nil {
		return nil, err
	}
	next := renewalPosition{Token: token}
	if done < len(customers) {
		next = from.behind(customers[:done])
	}
	info := call.FromContext(ctx)
	nextLink := ""
	if !next.isEnd() && info.Link != nil {
		link := url.Values{"ContinuationToken": {p.config.Sealer.Seal("ListRenewals", next.String())}}
		set(link, "EndsFrom", r.Params.EndsFrom)
		set(link, "EndsBefore", r.Params.EndsBefore)
		set(link, "AutoRenew", r.Params.AutoRenew)
		set(link, "Status", r.Params.Status)
		set(link, "TermDuration", r.Params.TermDuration)
		set(link, "PartnerID", r.Params.PartnerID)
		nextLink = info.Link(link)
	}
	result := page.result(nextLink)
	result.Calls = info.Calls
	return result, nil
}

// A renewalCustomer is a customer as items name it.
type renewalCustomer struct{ id, name, domain string }

// given returns the members of the customer's items, in JSON.
func (c renewalCustomer) given() []byte {
	var members []byte
	for _, m := range []struct{ name, value string }{
		{"customerTenantId", c.id}, {"customerName", c.name}, {"customerDomain", c.domain},
	} {
		if m.value == "" {
			continue
		}
		if len(members) > 0 {
			members = append(members, ',')
		}
		members, _ = jsontext.AppendQuote(append(members, `"`+m.name+`":`...), m.value) // valid UTF-8
	}
	return members
}

// renewalCustomers returns a page of customers, and the token of the next page or "".
func (p *Proxy) renewalCustomers(
	ctx context.Context, from renewalPosition,
) (customers []renewalCustomer, token string, err error) {
	upstream := partnercenter.Request{
		Path:         "/customers",
		Query:        url.Values{"size": {strconv.Itoa(renewalCustomers)}},
		Continuation: from.Token,
	}
	if from.Token != "" {
		upstream.Query.Set("seekOperation", "Next")
	}
	body, err := p.project(ctx, "GetAllCustomers", upstream, func(page partnercenter.Page) url.Values {
		token = page.Token
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	defer body.Close()
	var list struct{ Items []gen.CustomerSummary }
	if err := json.Unmarshal(body.Bytes(), &list); err != nil {
		return nil, "", err
	}
	for _, c := range list.Items {
		customer := renewalCustomer{id: firstOf(c.ID)}
		if c.CompanyProfile != nil {
			customer.name = firstOf(c.CompanyProfile.CompanyName)
			customer.domain = firstOf(c.CompanyProfile.Domain)
		}
		if customer.id != "" {
			customers = append(customers, customer)
		}
	}
	return customers, token, nil
}

// A renewalPage is a page that is being made.
type renewalPage struct {
	proxy *Proxy
	query url.Values // of each customer's subscriptions
	where []mapping.Condition

	items   []byte
	skipped []skippedCustomer
}

// A skippedCustomer is a customer whose subscriptions Partner Center refuses.
type skippedCustomer struct {
	CustomerTenantID string     `json:"customerTenantId"`
	Code             fault.Code `json:"code"`
}

// A customerResult is what became of one customer's subscriptions.
type customerResult struct {
	items    *partnercenter.Body // nil: none
	err      error
	panicked any // what the goroutine of the call panicked with, with its stack
}

// read reads the subscriptions of customers and returns how many of them are on the page. It returns an
// error if not even one is.
func (p *renewalPage) read(ctx context.Context, customers []renewalCustomer) (done int, err error) {
	results, err := p.start(ctx, customers)
	isOpen := true
	for n, result := range results {
		r := <-result
		if r.panicked != nil {
			panic(r.panicked) // where the transport recovers
		}
		if isOpen {
			if failure := p.add(customers[n], r); failure != nil {
				isOpen, err = false, failure
			} else {
				done++
				isOpen = len(p.items) <= renewalBytes
			}
		}
		if r.items != nil {
			r.items.Close()
		}
	}
	if done > 0 {
		return done, nil
	}
	return 0, err
}

// start asks for the subscriptions of customers, in order, and returns once it has begun the last call.
// It returns fewer results than there are customers, and why, if the limit or the time is used up or a
// call has failed.
func (p *renewalPage) start(ctx context.Context, customers []renewalCustomer) ([]chan customerResult, error) {
	info := call.FromContext(ctx)
	late := info.Started.Add(p.proxy.config.Upstream.Timeout() * 2 / 3)
	var results []chan customerResult
	var failed atomic.Bool
	free := make(chan struct{}, renewalParallel)
	for _, c := range customers {
		free <- struct{}{}
		if failed.Load() {
			break
		}
		if len(results) > 0 && time.Now().After(late) {
			return results, &fault.Error{Code: fault.PartnerCenterTimeout}
		}
		if info.Admit != nil {
			if err := info.Admit(ctx); err != nil {
				return results, err
			}
		}
		result, ctx := make(chan customerResult, 1), call.NewContext(ctx, info.Fork())
		results = append(results, result)
		go func() {
			r := p.fetch(ctx, c)
			if _, isRefusal := refusedCustomer(r.err); r.items == nil && !isRefusal {
				failed.Store(true)
			}
			result <- r
			<-free
		}()
	}
	return results, nil
}

// fetch is subscriptions for a goroutine of its own.
func (p *renewalPage) fetch(ctx context.Context, c renewalCustomer) (r customerResult) {
	defer func() {
		if panicked := recover(); panicked != nil {
			r = customerResult{panicked: fmt.Sprintf("%v\n%s", panicked, debug.Stack())}
		}
	}()
	r.items, r.err = p.subscriptions(ctx, c)
	return r
}

// subscriptions returns the items of a customer, without brackets. The Info in ctx is that of this call.
func (p *renewalPage) subscriptions(ctx context.Context, c renewalCustomer) (*partnercenter.Body, error) {
	if uuid.Validate(c.id) != nil { // it would lead to another path
		return nil, &fault.Error{Code: fault.PartnerCenterInvalidCustomer}
	}
	body, err := p.proxy.config.Upstream.Get(ctx, partnercenter.Request{
		Path:  customerPath(c.id, "/subscriptions"),
		Query: p.query,
	})
	if err != nil {
		return nil, err
	}
	projection := p.proxy.config.Projections["ListRenewals"]
	err = body.Rewrite(func(dst, src []byte) ([]byte, error) {
		items, _, err := projection.AppendElements(dst, src, mapping.Options{Where: p.where, Given: c.given()})
		return items, err
	})
	if err != nil {
		return nil, &fault.Error{Code: fault.PartnerCenterInvalidResponse, Cause: err}
	}
	return body, nil
}

// add adds the result of a customer to the page. An error is that of the result, unless it is only a
// refusal of this customer.
func (p *renewalPage) add(c renewalCustomer, r customerResult) error {
	if r.err != nil {
		code, ok := refusedCustomer(r.err)
		if !ok {
			return r.err
		}
		p.skipped = append(p.skipped, skippedCustomer{c.id, code})
		return nil
	}
	if len(r.items.Bytes()) > 0 {
		if len(p.items) > 0 {
			p.items = append(p.items, ',')
		}
		p.items = append(p.items, r.items.Bytes()...)
	}
	return nil
}

// refusedCustomer returns the code with which Partner Center refuses one customer, and false for an
// error that is not of the customer.
func refusedCustomer(err error) (code fault.Code, ok bool) {
	var f *fault.Error
	if !errors.As(err, &f) {
		return "", false
	}
	status := f.Code.Status()
	isRefusal := status == http.StatusForbidden || status == http.StatusNotFound ||
		f.Code == fault.PartnerCenterInvalidCustomer
	return f.Code, isRefusal
}

// result returns the page as the answer of the action.
func (p *renewalPage) result(nextLink string) *Result {
	text := append(append([]byte(`{"items":[`), p.items...), `],"skippedCustomers":`...)
	skipped := p.skipped
	if skipped == nil {
		skipped = []skippedCustomer{}
	}
	list, err := json.Marshal(skipped)
	if err != nil {
		panic(err) // strings can always be encoded
	}
	text = append(text, list...)
	if nextLink != "" {
		text, _ = jsontext.AppendQuote(append(text, `,"nextLink":`...), nextLink) // valid UTF-8
	}
	return bytesResult(append(text, "}\n"...))
}
