package main

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hasNumber reports whether the prose has a number, with or without thousands separators, with a point
// or a comma, and with any number of zeros at its end. Its sign does not count: a credit can be written
// -4,410.20 or as a credit of 4,410.20.
func (p prose) hasNumber(number string) bool {
	for _, at := range numberPattern(number).FindAllStringIndex(p.text, -1) {
		if startsNumber(p.text[:at[0]], p.text[at[0]:at[1]]) && endsNumber(p.text[at[1]:]) {
			return true
		}
	}
	return false
}

// numberPattern returns a pattern for the spellings of a number.
func numberPattern(number string) *regexp.Regexp {
	whole, fraction, _ := strings.Cut(number, ".")
	var b strings.Builder
	for i, digit := range whole {
		if (i > 0) && ((len(whole)-i)%3 == 0) {
			b.WriteString(`[.,' ]?`)
		}
		b.WriteRune(digit)
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		b.WriteString(`[.,]` + fraction + `0*`)
	} else {
		b.WriteString(`(?:[.,]0{1,2})?`)
	}
	return regexp.MustCompile(b.String())
}

var (
	// numberGoesOn matches text that makes the digits before it part of a longer number, date or time.
	numberGoesOn = regexp.MustCompile(`^(?:\d|[.,'/:-]\d| \d{3}(?:\D|$))`)
	// numberWentOn matches text that makes the digits after it such a part.
	numberWentOn = regexp.MustCompile(`(?:\d|\d[.,'/:-])$`)
	// thousands matches text before a group of three digits that belongs to it.
	thousands = regexp.MustCompile(`(?:^|[^\d.,'/:-])\d{1,3} $`)
	group     = regexp.MustCompile(`^\d{3}(?:\D|$)`)
)

// startsNumber reports whether a number begins after the text before it.
func startsNumber(before, number string) bool {
	if numberWentOn.MatchString(before) || (thousands.MatchString(before) && group.MatchString(number)) {
		return false
	}
	letters := before[len(strings.TrimRightFunc(before, isLatin)):]
	return (letters == "") || isCurrency(letters)
}

// endsNumber reports whether a number ends before the text after it.
func endsNumber(after string) bool {
	if numberGoesOn.MatchString(after) {
		return false
	}
	letters := after[:len(after)-len(strings.TrimLeftFunc(after, isLatin))]
	return (letters == "") || isCurrency(letters)
}

// isCurrency reports whether letters can be the code of a currency that is written to an amount.
func isCurrency(letters string) bool {
	return (utf8.RuneCountInString(letters) == 3) && (strings.ToUpper(letters) == letters)
}

func isLatin(r rune) bool { return unicode.Is(unicode.Latin, r) || (r == '_') }

// numberWords are the numbers that people write as words. One and zero are left out: their words mean
// other things too.
var numberWords = map[string]map[string]string{
	"en": {"2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine",
		"10": "ten", "11": "eleven", "12": "twelve"},
	"de": {"2": "zwei", "3": "drei", "4": "vier", "5": "fünf", "6": "sechs", "7": "sieben", "8": "acht",
		"9": "neun", "10": "zehn", "11": "elf", "12": "zwölf"},
	"fr": {"2": "deux", "3": "trois", "4": "quatre", "5": "cinq", "6": "six", "7": "sept", "8": "huit", "9": "neuf",
		"10": "dix", "11": "onze", "12": "douze"},
	"es": {"2": "dos", "3": "tres", "4": "cuatro", "5": "cinco", "6": "seis", "7": "siete", "8": "ocho",
		"9": "nueve", "10": "diez", "11": "once", "12": "doce"},
}
