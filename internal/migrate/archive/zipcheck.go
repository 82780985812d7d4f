package archive

import (
	"archive/zip"
	"cmp"
	"fmt"
	"slices"
)

// check returns a *HostileError for entries that break a rule. Only if there are none, it wraps
// ErrNotZip for entries that are not where the central directory places them.
func (z *zipStore) check(p *probe) error {
	var found findings
	names := make([]named, len(z.records))
	for i, r := range z.records {
		found.add(r.Name, checkRecord(r))
		names[i] = named{name: r.Name, folder: r.folder}
	}
	if declared(z.records) > MaxUnpacked {
		found.add("", fmt.Sprintf("the entries unpack to more than %d MiB", MaxUnpacked>>20))
	}
	findCollisions(names, &found)
	err := z.checkPlaces(p, &found)
	if hostile := found.err(); hostile != nil {
		return hostile
	}
	return err
}

// declared returns the sum of the declared sizes, or more than MaxUnpacked if it is larger.
func declared(records []*record) uint64 {
	var sum uint64
	for _, r := range records {
		sum = min(sum+min(r.UncompressedSize64, MaxUnpacked+1), MaxUnpacked+1)
	}
	return sum
}

// checkRecord returns why an entry is refused, or "".
func checkRecord(r *record) string {
	return cmp.Or(
		checkName(r.Name),
		checkUnicodeName(r.Extra),
		checkFlags(r.Flags),
		checkMethod(r.Method),
		checkAttributes(r),
		checkSize(r),
	)
}

func checkFlags(flags uint16) string {
	const encrypted, patch, strong, masked = 1 << 0, 1 << 5, 1 << 6, 1 << 13
	switch {
	case flags&(encrypted|strong|masked) != 0:
		return "it is encrypted"
	case flags&patch != 0:
		return "it is a patch"
	}
	return ""
}

func checkMethod(method uint16) string {
	if (method != zip.Store) && (method != zip.Deflate) {
		return fmt.Sprintf("compression method %d is not supported", method)
	}
	return ""
}

// checkAttributes refuses what is neither a file nor a folder. It reads the attributes of both Unix
// and Windows, whatever system the entry names: programs differ in whether they look at that.
func checkAttributes(r *record) string {
	const (
		formatMask, regular, directory = 0xf000, 0x8000, 0x4000
		setID                          = 0xc00
		dosDirectory                   = 0x10
		dosDevice, dosReparsePoint     = 0x40, 0x400
	)
	mode, dos := r.ExternalAttrs>>16, r.ExternalAttrs&0xffff
	format := mode & formatMask
	switch {
	case (format != 0) && (format != regular) && (format != directory):
		return "it is a link or a special file"
	case dos&(dosDevice|dosReparsePoint) != 0:
		return "it is a link or a special file"
	case r.folder && (format == regular):
		return "it is a file with the name of a folder"
	case !r.folder && ((format == directory) || (dos&dosDirectory != 0)):
		return "it is a folder with the name of a file"
	case !r.folder && (mode&setID != 0):
		return "it runs as another user"
	}
	return ""
}

func checkSize(r *record) string {
	const smallest = 1 << 20
	size, compressed := r.UncompressedSize64, r.CompressedSize64
	switch {
	case r.folder && (size != 0):
		return "it is a folder with content"
	case (size > smallest) && (size > min(compressed, MaxUnpacked)*MaxRatio):
		return fmt.Sprintf("it unpacks to more than %d times its size", MaxRatio)
	}
	return ""
}

// checkPlaces finds the data of every entry. It reports data outside of the file, and finds entries
// that share data and data before the first entry, which programs that read from the start unpack.
func (z *zipStore) checkPlaces(p *probe, found *findings) error {
	for _, r := range z.records {
		reason, err := z.locate(p, r)
		if err != nil {
			return err
		}
		found.add(r.Name, reason)
	}
	sorted := slices.SortedStableFunc(slices.Values(z.records), func(a, b *record) int {
		return cmp.Compare(a.header, b.header)
	})
	end := int64(0)
	for i, r := range sorted {
		if r.header < end {
			found.add(r.Name, "its data overlaps with that of another entry")
		}
		if (i == 0) && (r.header > 0) {
			found.add("", "data before the first entry")
		}
		end = max(end, r.end())
	}
	return z.checkEmpty(found)
}

// checkEmpty finds entries in a zip whose central directory lists none.
func (z *zipStore) checkEmpty(found *findings) error {
	signature := make([]byte, len(localSignature))
	if _, err := z.ReadAt(signature, 0); err != nil {
		return err
	}
	if (len(z.records) == 0) && (string(signature) == localSignature) {
		found.add("", "the central directory lists no entries")
	}
	return nil
}
