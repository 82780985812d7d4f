package mapping

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions in this file read one element of the JSON grammar (RFC 8259) at an offset. They
// return the offset after it or, if the input is invalid, the bitwise complement of the offset of
// the error, which is negative.

// byteAt returns the byte at i, or 0 after the end of the input. No JSON element begins with 0.
func byteAt(src []byte, i int) byte {
	if uint(i) < uint(len(src)) {
		return src[i]
	}
	return 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// skipSpace returns the offset of the first byte at or after i that is not JSON white space.
func skipSpace(src []byte, i int) int {
	for i < len(src) && src[i] <= ' ' {
		if c := src[i]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			break
		}
		i++
	}
	return i
}

// skipValue reads a value of any type. depth is its nesting, from 1.
func skipValue(src []byte, i, depth int) int {
	switch c := byteAt(src, i); c {
	case '"':
		end, _ := scanString(src, i)
		return end
	case '{', '[':
		if depth > MaxDepth {
			return ^i
		}
		return skipContainer(src, i, depth)
	case 't':
		return skipLiteral(src, i, "true")
	case 'f':
		return skipLiteral(src, i, "false")
	case 'n':
		return skipLiteral(src, i, "null")
	default:
		return scanNumber(src, i)
	}
}

// skipLiteral reads true, false or null.
func skipLiteral(src []byte, i int, literal string) int {
	if len(src)-i < len(literal) || string(src[i:i+len(literal)]) != literal {
		return ^i
	}
	return i + len(literal)
}

// skipContainer reads an object or an array.
func skipContainer(src []byte, i, depth int) int {
	named := src[i] == '{'
	end := src[i] + 2 // the codes of '}' and ']' are two above those of their openers
	i = skipSpace(src, i+1)
	if byteAt(src, i) == end {
		return i + 1
	}
	for {
		if named {
			if byteAt(src, i) != '"' {
				return ^i
			}
			if i, _ = scanString(src, i); i < 0 {
				return i
			}
			if i = skipSpace(src, i); byteAt(src, i) != ':' {
				return ^i
			}
			i = skipSpace(src, i+1)
		}
		if i = skipValue(src, i, depth+1); i < 0 {
			return i
		}
		i = skipSpace(src, i)
		switch byteAt(src, i) {
		case ',':
			i = skipSpace(src, i+1)
		case end:
			return i + 1
		default:
			return ^i
		}
	}
}

// scanNumber reads a number.
func scanNumber(src []byte, i int) int {
	if byteAt(src, i) == '-' {
		i++
	}
	switch c := byteAt(src, i); {
	case c == '0':
		i++
	case isDigit(c):
		i = skipDigits(src, i)
	default:
		return ^i
	}
	if byteAt(src, i) == '.' {
		if i++; !isDigit(byteAt(src, i)) {
			return ^i
		}
		i = skipDigits(src, i)
	}
	if c := byteAt(src, i); c == 'e' || c == 'E' {
		i++
		if c := byteAt(src, i); c == '+' || c == '-' {
			i++
		}
		if !isDigit(byteAt(src, i)) {
			return ^i
		}
		i = skipDigits(src, i)
	}
	return i
}

func skipDigits(src []byte, i int) int {
	for i < len(src) && isDigit(src[i]) {
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// scanString reads a string and reports whether it contains a backslash. It tests eight bytes at a
// time: subtracting n from each byte sets the high bit of those below n. A borrow can set the bit
// in later bytes too, but never before the first match.
func scanString(src []byte, i int) (next int, escaped bool) {
	i++
	for {
		for len(src)-i >= 8 {
			v := binary.LittleEndian.Uint64(src[i:])
			quote, backslash := v^ones*'"', v^ones*'\\'
			special := ((v - ones*' ') | (quote - ones) | (backslash - ones) | v) & highs
			if special != 0 {
				i += bits.TrailingZeros64(special) / 8
				break
			}
			i += 8
		}
		switch c := byteAt(src, i); {
		case c == '"':
			return i + 1, escaped
		case c == '\\':
			escaped = true
			if i = skipEscape(src, i); i < 0 {
				return i, escaped
			}
		case c < ' ': // a control character, or the end of the input
			return ^i, escaped
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(src[i:])
			if r == utf8.RuneError && size == 1 {
				return ^i, escaped
			}
			i += size
		}
	}
}

// skipEscape reads an escape sequence from its backslash. It accepts surrogates without a partner.
func skipEscape(src []byte, i int) int {
	switch byteAt(src, i+1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for j := i + 2; j < i+6; j++ {
			if c := byteAt(src, j) | 0x20; !isDigit(byteAt(src, j)) && (c < 'a' || c > 'f') {
				return ^j
			}
		}
		return i + 6
	}
	return ^(i + 1)
}

// hasSurrogate reports whether a quoted string may contain an escaped surrogate. It may return true
// without one, after an escaped backslash.
func hasSurrogate(quoted []byte) bool {
	return bytes.Contains(quoted, []byte(`\ud`)) || bytes.Contains(quoted, []byte(`\uD`))
}

// appendWithoutLoneSurrogates appends a valid quoted string to dst, with each escaped surrogate
// without a partner replaced by U+FFFD. RFC 8259 leaves the meaning of lone surrogates open, and
// strict parsers reject them.
func appendWithoutLoneSurrogates(dst, quoted []byte) []byte {
	for i := 0; i < len(quoted); {
		end := i + 1
		if quoted[i] == '\\' {
			end = skipEscape(quoted, i)
		}
		if r := escapedRune(quoted[i:end]); utf16.IsSurrogate(r) {
			pair := end + len(`\uXXXX`)
			if pair < len(quoted) && quoted[end] == '\\' && isPair(r, quoted[end:pair]) {
				dst = append(dst, quoted[i:pair]...)
				i = pair
				continue
			}
			dst = utf8.AppendRune(dst, utf8.RuneError)
		} else {
			dst = append(dst, quoted[i:end]...)
		}
		i = end
	}
	return dst
}

// isPair reports whether r and the escaped code unit form a surrogate pair.
func isPair(r rune, escape []byte) bool {
	return utf16.DecodeRune(r, escapedRune(escape)) != utf8.RuneError
}

// escapedRune returns the code unit of a \uXXXX escape, or 0 for any other text.
func escapedRune(escape []byte) rune {
	var unit [2]byte
	if len(escape) != 6 || escape[1] != 'u' {
		return 0
	}
	if _, err := hex.Decode(unit[:], escape[2:]); err != nil {
		return 0
	}
	return rune(binary.BigEndian.Uint16(unit[:]))
}
