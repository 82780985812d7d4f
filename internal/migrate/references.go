package migrate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxReference is the maximum length of the logical name of a connection reference:
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/connectionreference
const maxReference = 200

// references are the connection references of the old connector in all inputs, which are taken as those
// of one environment. Names compare without regard to case.
type references struct {
	keep    bool
	taken   map[string]bool   // every reference, of any connector
	ours    map[string]string // those of the old connector, as they were first written
	defined map[string]bool   // those of them that an input defines, not only uses
	now     map[string]string // their new names
	last    map[string]int    // number that was last given to a name with a beginning
}

func newReferences(keep bool) *references {
	return &references{keep, map[string]bool{}, map[string]string{}, map[string]bool{}, map[string]string{},
		map[string]int{}}
}

// take records the name of a connection reference of any connector.
func (r *references) take(name string) { r.taken[strings.ToLower(name)] = true }

// own records a connection reference of the old connector.
func (r *references) own(name string) {
	r.take(name)
	if key := strings.ToLower(name); r.ours[key] == "" {
		r.ours[key] = name
	}
}

// define records a connection reference of the old connector that an input defines.
func (r *references) define(name string) {
	r.own(name)
	r.defined[strings.ToLower(name)] = true
}

// infer takes names for references of the old connector unless an input defines them.
func (r *references) infer(names map[string]bool) {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !r.taken[strings.ToLower(name)] {
			r.own(name)
		}
	}
}

// isOurs reports whether a name is that of a reference of the old connector.
func (r *references) isOurs(name string) bool {
	_, ok := r.ours[strings.ToLower(name)]
	return ok
}

// rename chooses the new names.
func (r *references) rename() {
	if r.keep {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(r.ours)) {
		name := r.free(r.ours[key])
		r.take(name)
		r.now[key] = name
	}
}

// isNew matches names that a migration chose.
var isNew = regexp.MustCompile(`_pcc[0-9]*$`)

// free returns the name with the suffix _pcc, or _pcc2 and so on, that is not taken.
func (r *references) free(name string) string {
	for n := 1; ; n++ {
		suffix := "_pcc"
		if n > 1 {
			suffix = fmt.Sprintf("_pcc%d", n)
		}
		start := name
		if len(start) > maxReference-len(suffix) {
			start = strings.ToValidUTF8(start[:maxReference-len(suffix)], "")
		}
		if !r.taken[strings.ToLower(start+suffix)] {
			return start + suffix
		}
		stem := strings.ToLower(start)
		n = max(n, r.last[stem]) // so that many names with one beginning do not try all numbers again
		r.last[stem] = n + 1
	}
}

// renamed returns the new name of a reference of the old connector, and false for any other text.
func (r *references) renamed(name string) (now string, ok bool) {
	now, ok = r.now[strings.ToLower(name)]
	return now, ok
}

// isDefined reports whether an input defines a reference of the old connector.
func (r *references) isDefined(name string) bool { return r.defined[strings.ToLower(name)] }
