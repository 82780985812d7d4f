package proxy

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/mapping"
)

// Partner Center has no filters for what is below. So the projection leaves out what they exclude.

// A termFilter chooses subscriptions by their term. Empty fields choose all.
type termFilter struct {
	endsFrom, endsBefore string // days, YYYY-MM-DD
	autoRenew            string // on or off
	status, termDuration string // separated by commas
}

// conditions returns the conditions on subscriptions.
func (f termFilter) conditions() []mapping.Condition {
	all := between("commitmentEndDate", f.endsFrom, f.endsBefore)
	if f.autoRenew != "" {
		want := "false"
		if f.autoRenew == "on" {
			want = "true"
		}
		all = append(all, mapping.Condition{
			Property: "autoRenewEnabled",
			Holds:    func(value []byte) bool { return string(value) == want },
		})
	}
	return slices.Concat(all, oneOf("status", f.status), oneOf("termDuration", f.termDuration))
}

// between returns the condition that a date is on the day from or later, and before the day to. Days
// are YYYY-MM-DD in UTC; an empty one is no limit.
func between(property, from, to string) []mapping.Condition {
	if (from == "") && (to == "") {
		return nil
	}
	return []mapping.Condition{{Property: property, Holds: func(value []byte) bool {
		day := utcDay(textOf(value))
		return (day != "") && (from <= day) && ((to == "") || (day < to))
	}}}
}

// oneOf returns the condition that a text is one of those in a list that is separated by commas, in
// any letter case. An empty list is no condition.
func oneOf(property, list string) []mapping.Condition {
	if list == "" {
		return nil
	}
	return []mapping.Condition{{Property: property, Holds: func(value []byte) bool {
		return isOneOf(list, textOf(value))
	}}}
}

// isOneOf reports whether text is one of those in a list that is separated by commas, in any letter
// case. An empty list matches any text.
func isOneOf(list, text string) bool {
	if list == "" {
		return true
	}
	for one := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(one, text) {
			return true
		}
	}
	return false
}

// textOf returns the text of a JSON string, or "" for none.
func textOf(value []byte) string {
	if len(value) < 2 {
		return ""
	}
	if !slices.Contains(value, '\\') {
		return string(value[1 : len(value)-1])
	}
	var text string
	json.Unmarshal(value, &text) // valid, because the projection wrote it
	return text
}

// noDay is the day that stands for no date.
const noDay = "0001-01-01"

// utcDay returns the day of a date in UTC, or "" for none. Partner Center writes dates with and
// without an offset, which then is that of UTC, and also with blanks in the time.
func utcDay(date string) string {
	day := day(date)
	if _, err := time.Parse(time.DateOnly, day); (err != nil) || (day == noDay) {
		return ""
	}
	if t, err := time.Parse(time.RFC3339, strings.ReplaceAll(date, " ", "")); err == nil {
		return t.UTC().Format(time.DateOnly)
	}
	return day
}

// valueOf returns the value of an optional parameter, or "".
func valueOf[Text ~string](parameter *Text) string {
	if parameter == nil {
		return ""
	}
	return string(*parameter)
}
