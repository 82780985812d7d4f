package main

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// prose is an answer in a form in which texts can be found.
type prose struct {
	language string
	text     string // normalized; case as written
	folded   string // the same in lower case
}

func newProse(language, text string) prose {
	text = normalize(marks.Replace(text))
	return prose{language, text, strings.ToLower(text)}
}

// marks removes the marks of Markdown that can stand within or around a fact.
var marks = strings.NewReplacer("*", "", "`", "")

// normalize returns text with one spelling for what looks alike: widths of characters, spaces, dashes
// and quotes.
func normalize(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Pd, r), r == '−':
			return '-'
		case strings.ContainsRune("‘’‚‛′", r):
			return '\''
		case strings.ContainsRune("“”„‟«»", r):
			return '"'
		case unicode.Is(unicode.Cf, r): // invisible
			return -1
		}
		return r
	}, norm.NFKC.String(text))
	return strings.Join(strings.Fields(text), " ")
}

var (
	dateForm   = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	numberForm = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
)

// has reports whether the prose has a form of a fact: a date as YYYY-MM-DD, a number, or a text. A
// text that begins or ends with * may be part of a word there.
func (p prose) has(form string) bool {
	switch {
	case dateForm.MatchString(form):
		return p.hasDate(form)
	case numberForm.MatchString(form):
		return p.hasNumber(strings.TrimPrefix(form, "-")) || p.hasWords(numberWords[p.language][form])
	}
	return p.hasWords(form)
}

// hasWords reports whether the prose has a text as whole words, or false if the text is empty.
func (p prose) hasWords(text string) bool {
	words := strings.Trim(strings.ToLower(normalize(text)), "*")
	openStart, openEnd := strings.HasPrefix(text, "*"), strings.HasSuffix(text, "*")
	for start := range occurrences(p.folded, words) {
		end := start + len(words)
		if (openStart || isWordEdge(p.folded, start)) && (openEnd || isWordEdge(p.folded, end)) {
			return true
		}
	}
	return false
}

// occurrences yields the positions of a part of text, of which there are none if it is empty.
func occurrences(text, part string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for from := 0; part != ""; {
			i := strings.Index(text[from:], part)
			if (i < 0) || !yield(from+i) {
				return
			}
			_, width := utf8.DecodeRuneInString(part)
			from += i + width
		}
	}
}

// isWordEdge reports whether no word of text goes on across a position.
func isWordEdge(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	return !isOfWord(before) || !isOfWord(after)
}

// isOfWord reports whether r is part of a word that blanks set apart. Japanese has no such blanks.
func isOfWord(r rune) bool {
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || (r == 'ー') {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || (r == '_')
}
