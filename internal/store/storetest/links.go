package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

var linkPromises = []promise[usersync.Store]{
	{"ALinkComesBackWhole", aLinkComesBackWhole},
	{"AThousandLinksAreLoadedInOneGo", aThousandLinksAreLoadedInOneGo},
	{"ALateWriterOverwritesAndDropsNoLink", aLateWriterOverwritesAndDropsNoLink},
	{"OfTwoWritersAtOnceTheNewerStays", ofTwoWritersAtOnceTheNewerStays},
	{"LinkRangeWalksAllInOrderOfHash", linkRangeWalksAllInOrderOfHash},
	{"LinksAreWhatWasWritten", linksAreWhatWasWritten},
}

var lastHash = usersync.KeyHash(bytes.Repeat([]byte{0xff}, 16))

// newLink is the link of person n, in its version v.
func newLink(n, v int) usersync.Link {
	link := usersync.Link{
		Key: fmt.Sprintf("person «%d»", n), Target: fmt.Sprintf("target'%d/%d", n, v),
		Origin: usersync.OriginCreated, Job: usersync.JobID(fmt.Sprintf("job-%d", v)), Digest: noise(n^v<<20, 200+n%7),
	}
	if n%2 == 1 {
		link.Origin, link.TargetKey = usersync.OriginAdopted, usersync.HashKey("target", link.Target)
	}
	return link
}

func newLinks(from, n, v int) []usersync.Link {
	links := make([]usersync.Link, n)
	for i := range links {
		links[i] = newLink(from+i, v)
	}
	return links
}

func hashes(links []usersync.Link) []usersync.KeyHash {
	all := make([]usersync.KeyHash, len(links))
	for i := range links {
		all[i] = links[i].Hash()
	}
	return all
}

func inOrderOfHash(a, b usersync.Link) int {
	x, y := a.Hash(), b.Hash()
	return bytes.Compare(x[:], y[:])
}

func aLinkComesBackWhole(t *testing.T, p stores) {
	set := newSet()
	bare := usersync.Link{Key: "k", Target: "t", Origin: usersync.OriginAdopted, Job: newJobID(), Digest: []byte{0}}
	large := newLink(1, 0)
	large.Digest, large.Key = noise(1, 4<<10), string(bytes.Repeat([]byte("ø"), 128))
	for _, link := range []usersync.Link{newLink(1, 1), newLink(2, 1), newLink(2, 2), bare, large} {
		noError(t, p.a.PutLinks(t.Context(), set, 1, []usersync.Link{link}))
		got := get(p.b.LoadLinks(t.Context(), set, []usersync.KeyHash{link.Hash()}, true))(t)
		same(t, "the link", got[link.Hash()], link)
		got = get(p.b.LoadLinks(t.Context(), newSet(), []usersync.KeyHash{link.Hash()}, true))(t)
		same(t, "links of another set", len(got), 0)
	}
	bare.Digest = nil
	noError(t, p.a.PutLinks(t.Context(), set, 1, []usersync.Link{bare}))
	got := get(p.b.LoadLinks(t.Context(), set, []usersync.KeyHash{bare.Hash()}, true))(t)[bare.Hash()]
	if got.Target != bare.Target || len(got.Digest) != 0 {
		t.Fatalf("a link without a digest came back as %+v", got)
	}
	noError(t, p.a.PutLinks(t.Context(), set, 1, nil))
	noError(t, p.a.DropLinks(t.Context(), set, 1, nil))
	same(t, "links of no hashes", len(get(p.a.LoadLinks(t.Context(), set, nil, true))(t)), 0)
}

func aThousandLinksAreLoadedInOneGo(t *testing.T, p stores) {
	set, all := newSet(), newLinks(0, 1000, 1)
	var known []usersync.Link
	for i := 0; i < 600; i += 100 {
		noError(t, p.either(i/100).PutLinks(t.Context(), set, 1, all[i:i+100]))
		known = all[:i+100]
	}
	check := func(got map[usersync.KeyHash]usersync.Link) bool {
		if len(got) != len(known) {
			return false
		}
		for _, link := range known {
			same(t, "a link", got[link.Hash()], link)
		}
		return true
	}
	if got := get(p.b.LoadLinks(t.Context(), set, hashes(all), true))(t); !check(got) {
		t.Fatalf("%d links, want %d", len(got), len(known))
	}
	eventually(t, "all links", func() bool {
		return check(get(p.a.LoadLinks(t.Context(), set, hashes(all), false))(t))
	})
	same(t, "unknown links", len(get(p.b.LoadLinks(t.Context(), set, hashes(all[600:]), true))(t)), 0)
}

func aLateWriterOverwritesAndDropsNoLink(t *testing.T, p stores) {
	set, newer := newSet(), newLinks(0, 10, 2)
	noError(t, p.a.PutLinks(t.Context(), set, 5, newLinks(0, 10, 1)))
	noError(t, p.b.PutLinks(t.Context(), set, 6, newer))
	late := newLinks(5, 10, 1) // 5 … 9 are newer, 10 … 14 nobody wrote
	check := func() {
		t.Helper()
		got := get(p.b.LoadLinks(t.Context(), set, hashes(newer), true))(t)
		for _, link := range newer {
			same(t, "the newer link", got[link.Hash()], link)
		}
	}
	wantCode(t, p.a.PutLinks(t.Context(), set, 5, late), usersync.Fenced)
	check()
	wantCode(t, p.a.DropLinks(t.Context(), set, 5, hashes(late)), usersync.Fenced)
	check()
	noError(t, p.a.PutLinks(t.Context(), set, 6, newer))
	noError(t, p.a.DropLinks(t.Context(), set, 6, hashes(newer[:3])))
	noError(t, p.b.DropLinks(t.Context(), set, 7, hashes(newer[:6])))
	same(t, "links after dropping 6", len(get(p.a.LoadLinks(t.Context(), set, hashes(newer), true))(t)), 4)
}

func ofTwoWritersAtOnceTheNewerStays(t *testing.T, p stores) {
	set := newSet()
	together(6, func(i int) {
		err := p.either(i).PutLinks(t.Context(), set, int64(1+i), newLinks(0, 20, i))
		if err != nil && (i == 5 || !usersync.Is(err, usersync.Fenced)) {
			t.Errorf("writer %d: %v", i, err)
		}
	})
	newest := newLinks(0, 20, 5)
	got := get(p.a.LoadLinks(t.Context(), set, hashes(newest), true))(t)
	for _, link := range newest {
		same(t, "the link", got[link.Hash()], link)
	}
}

// walk reads a range page by page, and checks that only the last page is short, and that the hashes alone
// are the same ones.
func walk(t *testing.T, s usersync.Store, set usersync.LinkSet, after *usersync.KeyHash, to usersync.KeyHash, limit int) []usersync.Link {
	t.Helper()
	all := []usersync.Link{}
	for {
		page := get(s.LinkRange(t.Context(), set, after, to, limit))(t)
		all = append(all, page...)
		if len(page) > limit {
			t.Fatalf("%d links, at most %d were asked for", len(page), limit)
		}
		eventually(t, "the hashes of a range", func() bool {
			return slices.Equal(get(s.LinkHashes(t.Context(), set, after, to, limit))(t), hashes(page))
		})
		if len(page) < limit {
			return all
		}
		last := page[limit-1].Hash()
		after = &last
	}
}

func linkRangeWalksAllInOrderOfHash(t *testing.T, p stores) {
	set, all := newSet(), newLinks(0, 400, 1)
	for i := 0; i < len(all); i += 100 {
		noError(t, p.a.PutLinks(t.Context(), set, 1, all[i:i+100]))
	}
	noError(t, p.a.PutLinks(t.Context(), newSet(), 1, newLinks(400, 50, 1)))
	slices.SortFunc(all, inOrderOfHash)
	eventually(t, "all links", func() bool {
		return len(get(p.b.LinkRange(t.Context(), set, nil, lastHash, 1000))(t)) == len(all)
	})
	for _, limit := range []int{1, 7, 100, 399, 400, 401, 1000} {
		same(t, fmt.Sprintf("a walk by %d", limit), walk(t, p.b, set, nil, lastHash, limit), all)
	}
	h := hashes(all)
	before, next := h[10], h[10]
	before[15]--
	next[15]++
	for _, bound := range []struct {
		after *usersync.KeyHash
		to    usersync.KeyHash
		want  []usersync.Link
	}{
		{&h[9], h[20], all[10:21]},
		{&h[9], h[10], all[10:11]},
		{&before, h[10], all[10:11]},
		{&h[10], h[10], all[:0]},
		{&next, h[10], all[:0]},
		{&h[9], before, all[:0]},
		{&h[9], next, all[10:11]},
		{nil, h[0], all[:1]},
		{&h[len(h)-1], lastHash, all[:0]},
		{&lastHash, lastHash, all[:0]},
		{&usersync.KeyHash{}, lastHash, all},
		{nil, usersync.KeyHash{}, all[:0]},
		{nil, usersync.KeyHash{0x7f, 0xff}, until(all, usersync.KeyHash{0x7f, 0xff})},
		{&usersync.KeyHash{0x80}, lastHash, all[len(until(all, usersync.KeyHash{0x80})):]},
	} {
		same(t, "a range", walk(t, p.a, set, bound.after, bound.to, 25), bound.want)
	}
}

// until is the links, which are in order, whose hash is at most to.
func until(links []usersync.Link, to usersync.KeyHash) []usersync.Link {
	for i := range links {
		if h := links[i].Hash(); bytes.Compare(h[:], to[:]) > 0 {
			return links[:i]
		}
	}
	return links
}

// modelLink is what the model knows of a written link.
type modelLink struct {
	link  usersync.Link
	fence int64
}

// linksAreWhatWasWritten tries any order of writes and drops by two clients under any fences.
func linksAreWhatWasWritten(t *testing.T, p stores) {
	const people = 8
	everybody := hashes(newLinks(0, people, 0))
	rapid.Check(t, func(rt *rapid.T) {
		set, model := newSet(), map[usersync.KeyHash]modelLink{}
		for step := range rapid.IntRange(1, 8).Draw(rt, "steps") {
			s := p.either(rapid.IntRange(0, 1).Draw(rt, "client"))
			fence := rapid.Int64Range(1, 3).Draw(rt, "fence")
			who := rapid.SliceOfNDistinct(rapid.IntRange(0, people-1), 1, people, rapid.ID[int]).Draw(rt, "people")
			drop := rapid.Bool().Draw(rt, "drop")
			var links []usersync.Link
			late := false
			for _, n := range who {
				links = append(links, newLink(n, step))
				late = late || model[links[len(links)-1].Hash()].fence > fence
			}
			var err error
			if drop {
				err = s.DropLinks(t.Context(), set, fence, hashes(links))
			} else {
				err = s.PutLinks(t.Context(), set, fence, links)
			}
			if usersync.Is(err, usersync.Fenced) != late || err != nil && !late {
				rt.Fatalf("a late writer: %v, error %v", late, err)
			}
			stored := get(s.LoadLinks(t.Context(), set, everybody, true))(t)
			for _, link := range links {
				h := link.Hash()
				if was := model[h]; was.fence > fence {
					continue
				}
				got, there := stored[h]
				// Beside a newer link the others may be written or not; what is there tells which.
				if written := there && got.Job == link.Job; written && !drop {
					model[h] = modelLink{link, fence}
				} else if !there && drop {
					delete(model, h)
				} else if !late {
					rt.Fatalf("step %d did nothing to a link, and said it had", step)
				}
			}
			wantLinks(t, rt, p, set, model, stored)
		}
	})
}

func wantLinks(t *testing.T, rt *rapid.T, p stores, set usersync.LinkSet, model map[usersync.KeyHash]modelLink, stored map[usersync.KeyHash]usersync.Link) {
	want := []usersync.Link{}
	for h, m := range model {
		want = append(want, m.link)
		if asJSON(t, stored[h]) != asJSON(t, m.link) {
			rt.Fatalf("link is not as it was written")
		}
	}
	if len(stored) != len(want) {
		rt.Fatalf("%d links, want %d", len(stored), len(want))
	}
	slices.SortFunc(want, inOrderOfHash)
	eventually(t, "the walk", func() bool {
		return asJSON(t, walk(t, p.b, set, nil, lastHash, 3)) == asJSON(t, want)
	})
}
