package main

import (
	"fmt"
	"regexp"
	"strings"
)

// hasDate reports whether the prose has a date, given as YYYY-MM-DD, with its year. Digits can be in
// the order of any country: 3.4.2025 is both the third of April and the fourth of March.
func (p prose) hasDate(date string) bool {
	for _, pattern := range datePatterns(date) {
		for _, at := range pattern.FindAllStringIndex(p.folded, -1) {
			if isDateEdge(p.folded, at[0], at[1]) {
				return true
			}
		}
	}
	return false
}

// isDateEdge reports whether no digit is beside a part of text.
func isDateEdge(text string, start, end int) bool {
	isDigit := func(s string) bool { return strings.ContainsAny(s, "0123456789") }
	return ((start == 0) || !isDigit(text[start-1:start])) && ((end == len(text)) || !isDigit(text[end:end+1]))
}

// datePatterns returns patterns for the spellings of a date, in lower case.
func datePatterns(date string) []*regexp.Regexp {
	year := date[:4]
	month, day := strings.TrimLeft(date[5:7], "0"), strings.TrimLeft(date[8:], "0")
	names := strings.Join(monthNames[atoi(month)-1], "|")
	short := fmt.Sprintf("(?:%s)?%s", year[:2], year[2:])
	m, d := optionalZero(month), optionalZero(day)
	var patterns []*regexp.Regexp
	for _, pattern := range []string{
		year + `\s?[-/.年]\s?` + m + `\s?[-/.月]\s?` + d,
		d + `[-/.]\s?` + m + `[-/.]\s?` + short,
		m + `[-/.]\s?` + d + `[-/.]\s?` + short,
		d + `(?:st|nd|rd|th|er|\.|º)?[-\s]?(?:of |de |d')?(?:` + names + `)\.?,?[-\s]?(?:del? )?` + short,
		`(?:` + names + `)\.?\s?` + d + `(?:st|nd|rd|th)?,?\s` + year,
	} {
		patterns = append(patterns, regexp.MustCompile(pattern))
	}
	return patterns
}

// optionalZero returns a pattern for a number of one or two digits.
func optionalZero(number string) string {
	if len(number) == 1 {
		return "0?" + number
	}
	return number
}

// atoi returns the value of one or two digits.
func atoi(digits string) int {
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}

// monthNames are the names of months and their abbreviations in the languages of the requests, longer
// ones first.
var monthNames = [12][]string{
	{"january", "januar", "jänner", "janvier", "enero", "janv", "jan", "ene"},
	{"february", "februar", "février", "febrero", "févr", "feb", "fév"},
	{"march", "märz", "mars", "marzo", "mar", "mär"},
	{"april", "avril", "abril", "apr", "avr", "abr"},
	{"may", "mai", "mayo"},
	{"june", "juni", "juin", "junio", "jun"},
	{"july", "juli", "juillet", "julio", "juil", "jul"},
	{"august", "août", "agosto", "aug", "ago"},
	{"september", "septembre", "septiembre", "sept", "sep"},
	{"october", "oktober", "octobre", "octubre", "oct", "okt"},
	{"november", "novembre", "noviembre", "nov"},
	{"december", "dezember", "décembre", "diciembre", "déc", "dec", "dez", "dic"},
}
