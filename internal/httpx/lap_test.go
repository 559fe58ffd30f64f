package httpx

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// TestAListThatGoesRoundIsNoticedAndNoOtherIs reads lists of pages, each lap taken through its text.
func TestAListThatGoesRoundIsNoticedAndNoOtherIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.IntRange(0, 50).Draw(t, "pages before the circle")
		round := rapid.IntRange(1, 50).Draw(t, "pages of the circle")
		elements := rapid.IntRange(1, 3).Draw(t, "elements a page")
		circle := rapid.Bool().Draw(t, "goes round")
		l := Lap{}
		for n := range 10 * (before + round) {
			page := n
			if circle && n >= before {
				page = before + (n-before)%round
			}
			next, again := l.Next("p"+strconv.Itoa(page), elements)
			if again != (again && circle && n >= before+round) {
				t.Fatalf("page %d is taken for one that was there", n)
			}
			if again {
				return
			}
			read, ok := LapOf(next.String())
			if !ok || read != next {
				t.Fatalf("%q is read as %q", next, read)
			}
			l = read
		}
		if circle {
			t.Fatal("the circle was not noticed")
		}
	})
}

func TestAListOfOneElementAPageMayNameSomebodyTwice(t *testing.T) {
	l, again := Lap{}, false
	for _, page := range []string{"a", "a", "b", "a", "c", "b", "d"} {
		if l, again = l.Next(page, 1); again {
			t.Fatalf("%s is taken for a circle", page)
		}
	}
}

func TestATextThatIsNoLapIsNone(t *testing.T) {
	for _, text := range []string{"", "1", "1.2", "x.1.p", "-1.0.p", "1.-1.p", "1 .0.p"} {
		if l, ok := LapOf(text); ok {
			t.Errorf("%q is %+v", text, l)
		}
	}
}
