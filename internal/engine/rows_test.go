package engine

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

func drawItems(t *rapid.T) []item {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) item {
		it := item{
			key: "k" + strconv.Itoa(rapid.IntRange(0, 99).Draw(t, "key")), keyless: rapid.Bool().Draw(t, "keyless"),
			action: rapid.SampledFrom(actions[:]).Draw(t, "action"), claims: rapid.Bool().Draw(t, "claims"),
			repeated: rapid.Bool().Draw(t, "repeated"), reason: rapid.StringN(0, 20, -1).Draw(t, "reason"),
			adopt:  rapid.StringN(0, 9, -1).Draw(t, "adopt"),
			fields: rapid.SliceOfN(rapid.StringN(1, 9, -1), 1, 3).Draw(t, "fields"),
		}
		entry := usersync.Entry{Key: it.key, Keyless: it.keyless}
		it.hash = entry.Hash()
		return it
	}), 0, 30).Draw(t, "items")
}

func TestRowsComeBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := drawItems(t)
		planned, err := decodePlan(encodePlan(items))
		if err != nil || len(planned) != len(items) {
			t.Fatal(err)
		}
		var changed []item
		for i, it := range items {
			if it.action == usersync.Unchanged {
				it.key, it.reason, it.adopt, it.fields = "", "", "", nil
			} else {
				changed = append(changed, it)
			}
			if !reflect.DeepEqual(planned[i], it) {
				t.Fatalf("%+v, want %+v", planned[i], it)
			}
		}
		outcomes, err := decodeOutcomes(encodeOutcomes(items))
		if err != nil || len(outcomes) != len(changed) || len(changed) > 0 && !reflect.DeepEqual(outcomes, changed) {
			t.Fatalf("%v: %+v, want %+v", err, outcomes, changed)
		}
		s, err := decodeSeen(encodeSeen(items))
		if err != nil || s.len() != len(items) {
			t.Fatal(err)
		}
		for i := range s.len() {
			if i > 0 && bytes.Compare(s.hashes[(i-1)*hashSize:i*hashSize], s.hashes[i*hashSize:(i+1)*hashSize]) > 0 {
				t.Fatal("hashes are not in order")
			}
			if !slices.ContainsFunc(items, func(it item) bool {
				return it.hash == s.hash(i) && it.action == actions[s.rank(i)] && it.claims == s.claims(i) && it.repeated == s.repeated(i)
			}) {
				t.Fatal("a listing is lost")
			}
		}
	})
}

// TestDamagedRowsAreErrors feeds rows that nobody wrote, and written ones that were cut or changed.
func TestDamagedRowsAreErrors(t *testing.T) {
	v, err := newVault("job", make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		items := drawItems(t)
		row := rapid.SampledFrom([][]byte{
			encodePlan(items), encodeOutcomes(items), encodeSeen(items), rapid.SliceOf(rapid.Byte()).Draw(t, "noise"),
		}).Draw(t, "row")
		if len(row) > 0 {
			cut := rapid.IntRange(0, len(row)-1).Draw(t, "cut")
			if rapid.Bool().Draw(t, "flip") {
				row = bytes.Clone(row)
				row[cut] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			} else {
				row = row[:cut]
			}
		}
		// None of them may panic or ask for memory without bound; what they say is theirs.
		decodePlan(row)
		decodeOutcomes(row)
		decodeSeen(row)
		store := newMemory(usersync.SystemClock{})
		b := &batch{Engine: New(Config{Store: store})}
		note := usersync.Row{ID: usersync.RowID{Kind: usersync.RowSeen}, Data: append([]byte{noteVersion}, row...)}
		store.PutRow(t.Context(), 1, note, store.clock.Now().Add(rowTerm))
		b.recall(t.Context(), &page{items: items})
		if _, _, err := v.open("", 0, row); err == nil {
			t.Fatal("a page that nobody sealed was opened")
		}
		if len(row) > 0 && len(items) > 0 {
			if _, err := decodePlan(encodePlan(items)[:len(encodePlan(items))-1]); err == nil {
				t.Fatal("a plan that was cut was read")
			}
		}
	})
}

func TestASealedPageOpensInItsOwnPlaceAloneAndShowsNothing(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	v, _ := newVault("job", key)
	entries := []usersync.Entry{person("k1", "planted name"), faulty("k2"), {Key: "row:3", Keyless: true, Fault: "id is missing"}}
	row, err := v.seal("reading", 4, entries)
	if err != nil {
		t.Fatal(err)
	}
	got, hashes, err := v.open("reading", 4, row)
	if err != nil || !reflect.DeepEqual(got, entries) || hashes[2] != entries[2].Hash() {
		t.Fatalf("%v: %+v", err, got)
	}
	if bytes.Contains(row, []byte("planted")) || bytes.Contains(row, []byte("k1")) {
		t.Error("the row shows what is in it")
	}
	again, _ := v.seal("reading", 4, entries)
	if bytes.Equal(again, row) {
		t.Error("two sealings are alike")
	}
	other, _ := newVault("job2", key)
	stranger, _ := newVault("job", bytes.Repeat([]byte{8}, 32))
	for name, err := range map[string]error{
		"another number":  second(v.open("reading", 5, row)),
		"another reading": second(v.open("", 4, row)),
		"another job":     second(other.open("reading", 4, row)),
		"another key":     second(stranger.open("reading", 4, row)),
	} {
		if !usersync.Is(err, usersync.Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ []usersync.Entry, _ []usersync.KeyHash, err error) error { return err }
