package mapping

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sync"
)

// Elements of an array usually have the same members in the same order, and differ in values only.
// So the writer keeps a few of those that it has read as samples, and reads the next ones by
// comparison: what equals a sample is valid, and the output for it is known. Only the values that
// differ are read. Only the outermost array of objects has samples, and its first element is never
// one, because most arrays of one element would be read twice.

const (
	maxSamples = 4   // of one array
	maxParts   = 128 // of one sample, and as many dropped values
)

// Comparisons that fail cost time. Once they have cost more than those that succeed have saved,
// samples are not used any more. Costs are in bytes of input.
const (
	maxDeficit = 16 << 10
	maxCredit  = 64 << 10 // bounds what failures can cost after many successes
	savedRatio = 3        // comparing a byte takes about a quarter of the time of reading it
	partCost   = 32       // of a value that is read in place of another
)

// A sample is an object that has been read: where it is in src, and its output.
type sample struct {
	src      span
	out      []byte
	parts    []part  // in order, without overlap
	drops    []*node // of the values that were dropped
	follower int     // a guess at the number of the sample that the next element is like
}

// A part is a value of a sample in whose place a similar object may have another one.
type part struct {
	node     *node // schema of the value; nil if it is not documented, so that any value may take its place
	src, dst span  // in the input and in out; dst is empty if the value is not documented
	depth    int   // of the value
	varies   bool  // another object differed there, or there is a condition on the value
}

// A span is the part of a slice between two offsets.
type span struct{ from, to int }

// samples holds the samples of the array that is being read.
type samples struct {
	elem   *node // of the array; nil: no array of objects is being read
	known  []sample
	last   int    // number of the sample that the last element was like
	oldest int    // number of the sample to replace next
	next   sample // is being recorded, or spare memory

	deficit int // what failures have cost and successes not saved, in bytes
}

// samplePool has samples without an array.
var samplePool = sync.Pool{New: func() any { return &samples{known: make([]sample, 0, maxSamples)} }}

// reset forgets all samples and keeps their memory.
func (s *samples) reset() { s.elem, s.known, s.last, s.oldest, s.deficit = nil, s.known[:0], 0, 0, 0 }

// use notes that the element read last was like the sample k, or is that sample.
func (s *samples) use(k int) {
	s.known[s.last].follower = k
	s.last = k
}

// sampled reads an object that is an element of the array with samples. It tries first the sample
// that came next the last time.
func (w *writer) sampled(n *node, i, depth int) int {
	s := w.samples
	for tried := range s.known {
		if s.deficit > maxDeficit {
			break
		}
		k := (tried + s.known[s.last].follower) % len(s.known)
		next, cost := w.repeat(&s.known[k], i)
		s.deficit += cost
		if next < 0 {
			continue
		}
		s.deficit = max(s.deficit-savedRatio*(next-i), -maxCredit)
		w.dropAgain(s.known[k].drops)
		s.use(k)
		return next
	}
	if s.deficit > maxDeficit {
		return w.object(n, i, depth)
	}
	return w.record(n, i, depth)
}

// dropAgain reports the values that are dropped as in a sample.
func (w *writer) dropAgain(nodes []*node) {
	for _, n := range nodes {
		w.drop(n)
	}
}

// record reads an object and makes it a sample, in place of the oldest one if there are many.
func (w *writer) record(n *node, i, depth int) int {
	s := w.samples
	s.next = sample{out: s.next.out[:0], parts: s.next.parts[:0], drops: s.next.drops[:0]}
	before := len(w.dst)
	w.recording = &s.next
	next := w.object(n, i, depth)
	s.deficit += partCost * len(s.next.parts)
	if next < 0 || w.recording == nil {
		return next
	}
	w.recording = nil
	s.next.src, s.next.out = span{i, next}, append(s.next.out, w.dst[before:]...)
	for k := range s.next.parts {
		s.next.parts[k].dst.from -= before
		s.next.parts[k].dst.to -= before
	}
	k := s.oldest
	s.oldest = (k + 1) % maxSamples
	s.known = s.known[:max(len(s.known), k+1)]
	s.known[k], s.next = s.next, s.known[k]
	s.use(k)
	return next
}

// recordPart adds a part to the object that is being recorded, if any.
func (w *writer) recordPart(p part) {
	if w.recording != nil {
		w.recording.parts = append(w.recording.parts, p)
		w.boundRecording()
	}
}

// recordDrop adds a dropped value to the object that is being recorded, if any.
func (w *writer) recordDrop(n *node) {
	if w.recording != nil {
		w.recording.drops = append(w.recording.drops, n)
		w.boundRecording()
	}
}

// boundRecording ends the recording of an object that has too many parts for a sample.
func (w *writer) boundRecording() {
	if max(len(w.recording.parts), len(w.recording.drops)) > maxParts {
		w.recording = nil
	}
}

// recordSkipped adds the scalars within an undocumented value, from i to end, as parts. depth is
// the nesting of the value.
func (w *writer) recordSkipped(i, end, depth int) {
	for w.recording != nil && i < end {
		from := i
		switch c := w.src[i]; c {
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\r', '\t':
			i++
		default:
			i = skipValue(w.src, i, depth)
			if byteAt(w.src, skipSpace(w.src, i)) != ':' { // not a name
				w.recordPart(part{src: span{from, i}, dst: span{len(w.dst), len(w.dst)}, depth: depth})
			}
		}
	}
}

// repeat reads an object that equals a sample except for its parts, and writes the output for it. If
// the object is not similar or is invalid, next is negative and nothing is written. cost is what the
// attempt has cost beside comparing, in bytes.
func (w *writer) repeat(s *sample, i int) (next, cost int) {
	before, start := len(w.dst), i
	at, out := s.src.from, 0 // what is left of the sample to compare and to write begins there
	for k, varying := 0, 0; ; k++ {
		for varying = max(varying, k); varying < len(s.parts) && !s.parts[varying].varies; {
			varying++
		}
		same := s.src.to - at
		if varying < len(s.parts) {
			same = s.parts[varying].src.from - at
		}
		first := k
		k = varying
		if !bytes.HasPrefix(w.src[i:], w.src[at:at+same]) {
			same = commonPrefix(w.src[i:], w.src[at:at+same])
			if k = s.partAt(at+same, first); k < 0 {
				cost += i + same - start
				break
			}
		} else if k == len(s.parts) {
			w.dst = append(w.dst, s.out[out:]...)
			return i + same, cost
		}
		p := &s.parts[k]
		w.dst = append(w.dst, s.out[out:p.dst.from]...)
		from := i + p.src.from - at
		cost += partCost
		value := len(w.dst)
		if i = w.replace(p, from); i < 0 {
			cost += from - start
			break
		}
		if w.where != nil {
			w.test(p.node, value)
		}
		p.varies = true
		at, out = p.src.to, p.dst.to
	}
	w.dst = w.dst[:before]
	w.begin(w.samples.elem)
	return -1, cost
}

// partAt returns the index of the part, from the given one on, that a difference at an offset
// belongs to, or -1. A difference right behind a part belongs to it, because a number may be
// longer.
func (s *sample) partAt(offset, from int) int {
	for k, p := range s.parts[from:] {
		if p.src.from <= offset && offset <= p.src.to {
			return from + k
		}
	}
	return -1
}

// replace reads and writes the value at i in place of a part. It returns a negative number if that
// is invalid, or a value of another type than the part.
func (w *writer) replace(p *part, i int) int {
	switch {
	case p.node == nil:
		return skipValue(w.src, i, p.depth)
	case !p.node.kind.begins(byteAt(w.src, i)):
		return -1
	case p.node.kind == text, p.node.kind == boolean:
		next, _ := w.scalar(p.node, i)
		return next
	}
	next, literal := p.node.number(w.src, i)
	if literal == nil {
		return -1
	}
	w.dst = append(w.dst, literal...)
	return next
}

// commonPrefix returns the number of bytes that a and b have in common at their beginning.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	a, b = a[:n], b[:n]
	i := 0
	for ; n-i >= 8; i += 8 {
		if d := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); d != 0 {
			return i + bits.TrailingZeros64(d)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
