package httpx

import (
	"fmt"
	"strings"
)

// Lap notices that the pages of a list go round: a server that takes no notice of where it is asked to go on would
// be read for ever. It remembers one page in a cursor's few bytes, by Brent's algorithm: the first, the second, the
// fourth, the eighth …, so that it meets a circle of any length.
type Lap struct {
	pages int
	met   int    // how often the remembered page has come again
	page  string // the remembered one
}

// maxMet is how often a page of one element may come again: a list may name somebody twice.
const maxMet = 2

// Next takes the next page, by a text without spaces that tells it from others, and how many elements it has.
// An empty text tells it from none. again says that the list goes round.
func (l Lap) Next(page string, elements int) (next Lap, again bool) {
	l.pages++
	if page == "" {
		return l, false
	}
	if page == l.page {
		l.met++
		return l, elements > 1 || l.met > maxMet
	}
	if l.pages&(l.pages-1) == 0 || l.page == "" {
		l.page, l.met = page, 0
	}
	return l, false
}

// String is the lap as a cursor holds it, without spaces or slashes where the page has none.
func (l Lap) String() string { return fmt.Sprintf("%d.%d.%s", l.pages, l.met, l.page) }

// LapOf reads what String wrote; ok is false where it is something else.
func LapOf(text string) (l Lap, ok bool) {
	n, err := fmt.Sscanf(text, "%d.%d.", &l.pages, &l.met)
	parts := strings.SplitN(text, ".", 3)
	if err != nil || n != 2 || len(parts) != 3 || l.pages < 0 || l.met < 0 {
		return Lap{}, false
	}
	l.page = parts[2]
	return l, true
}
