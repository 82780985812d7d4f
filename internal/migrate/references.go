package migrate

import (
	"fmt"
	"maps"
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
}

func newReferences(keep bool) *references {
	return &references{keep, map[string]bool{}, map[string]string{}, map[string]bool{}, map[string]string{}}
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
	for name := range names {
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
		name := free(r.ours[key], r.taken)
		r.take(name)
		r.now[key] = name
	}
}

// free returns the name with the suffix _pcc, or _pcc2 and so on, that is not taken.
func free(name string, taken map[string]bool) string {
	for n := 1; ; n++ {
		suffix := "_pcc"
		if n > 1 {
			suffix = fmt.Sprintf("_pcc%d", n)
		}
		start := name
		if len(start) > maxReference-len(suffix) {
			start = start[:maxReference-len(suffix)]
		}
		if !taken[strings.ToLower(start+suffix)] {
			return start + suffix
		}
	}
}

// renamed returns the new name of a reference of the old connector, and false for any other text.
func (r *references) renamed(name string) (now string, ok bool) {
	now, ok = r.now[strings.ToLower(name)]
	return now, ok
}

// isDefined reports whether an input defines a reference of the old connector.
func (r *references) isDefined(name string) bool { return r.defined[strings.ToLower(name)] }
