package archive

import (
	"encoding/binary"
	"iter"
)

// The identifiers of two extra fields: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT,
// sections 4.5.3 and 4.6.9.
const (
	zip64Field       = 0x0001
	unicodeNameField = 0x7075
)

// extraFields returns the identifiers of the extra fields with their bytes, header included. What
// follows the last complete field has the identifier -1.
func extraFields(extra []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for len(extra) >= 4 {
			size := 4 + int(binary.LittleEndian.Uint16(extra[2:]))
			if size > len(extra) {
				break
			}
			if !yield(int(binary.LittleEndian.Uint16(extra)), extra[:size]) {
				return
			}
			extra = extra[size:]
		}
		if len(extra) > 0 {
			yield(-1, extra)
		}
	}
}

// withoutZip64 returns a copy of extra without Zip64 fields. The offset in such a field changes when
// the archive is written, and all sizes up to MaxUnpacked fit in the header.
func withoutZip64(extra []byte) []byte {
	var kept []byte
	for id, field := range extraFields(extra) {
		if id != zip64Field {
			kept = append(kept, field...)
		}
	}
	return kept
}

// checkUnicodeName checks the name in a Unicode path field, which some programs prefer to that of the
// header.
func checkUnicodeName(extra []byte) string {
	const nameOffset = 4 + 1 + 4 // after the header, a version and a checksum
	for id, field := range extraFields(extra) {
		if (id != unicodeNameField) || (len(field) <= nameOffset) {
			continue
		}
		if reason := checkName(string(field[nameOffset:])); reason != "" {
			return "in the Unicode path field: " + reason
		}
	}
	return ""
}
