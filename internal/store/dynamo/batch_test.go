package dynamo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

// forgetful is an engine of batches alone: of each it does only as much as it likes.
type forgetful struct {
	items map[string]any
	like  func(of int) int
}

func name(k any) string {
	in := k.(object)
	return fmt.Sprint(in["pk"], in["sk"])
}

func (f *forgetful) say(operation string, in object) answer {
	request := in["RequestItems"].(object)["main"]
	switch operation {
	case "BatchWriteItem":
		writes := request.([]any)
		n := f.like(len(writes))
		for _, w := range writes[:n] {
			item := w.(object)["PutRequest"].(object)["Item"].(object)
			f.items[name(item)] = item
		}
		if n == len(writes) {
			return answer{body: object{}}
		}
		return answer{body: object{"UnprocessedItems": object{"main": writes[n:]}}}
	case "BatchGetItem":
		keys := request.(object)["Keys"].([]any)
		n := f.like(len(keys))
		found := []any{}
		for _, k := range keys[:n] {
			if item, ok := f.items[name(k)]; ok {
				found = append(found, item)
			}
		}
		out := object{"Responses": object{"main": found}}
		if n < len(keys) {
			out["UnprocessedKeys"] = object{"main": object{"Keys": keys[n:]}}
		}
		return answer{body: out}
	}
	return engineError(400, "ValidationException", nil)
}

func TestEveryItemIsWrittenAndReadHoweverLittleOfABatchIsDone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		calls := 0
		f := &forgetful{items: map[string]any{}, like: func(of int) int {
			calls++
			return rapid.IntRange(min(1, calls%3), of).Draw(rt, "done")
		}}
		s, _, _ := scripted(t, f.say)
		items, keys := []row{}, []key{}
		for i := range rapid.IntRange(1, 20).Draw(rt, "items") {
			k := linkKey("set", usersync.HashKey("person", fmt.Sprint(i)))
			keys, items = append(keys, k), append(items, k.row())
		}
		if err := s.writeAll(t.Context(), "main", items); err != nil || len(f.items) != len(items) {
			rt.Fatalf("%d of %d written, error %v", len(f.items), len(items), err)
		}
		found, err := s.load(t.Context(), "main", keys, true)
		if err != nil || len(found) != len(keys) {
			rt.Fatalf("%d of %d read, error %v", len(found), len(keys), err)
		}
	})
}

func TestALargeRowIsKeptInChunksThatFit(t *testing.T) {
	for _, size := range []int{maxChunk + 1, 2 * maxChunk, 9*maxChunk + 7} {
		f := &forgetful{items: map[string]any{}, like: func(of int) int { return (of + 1) / 2 }}
		s, _, _ := scripted(t, f.say)
		data := bytes.Repeat([]byte{1, 2, 3, 5, 7, 11, 13}, size/7+1)[:size]
		if err := s.writeChunks(t.Context(), "main", "g", data, 1); err != nil {
			t.Fatal(err)
		}
		if len(f.items) != chunksOf(size) {
			t.Fatalf("%d chunks, want %d", len(f.items), chunksOf(size))
		}
		for _, chunk := range f.items {
			raw, err := base64.StdEncoding.DecodeString(chunk.(object)["data"].(object)["B"].(string))
			if err != nil || len(raw) > maxChunk {
				t.Fatalf("a chunk of %d bytes, error %v", len(raw), err)
			}
		}
		got, err := s.content(t.Context(), "main", rowItem{Generation: "g", Chunks: chunksOf(size)})
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%d bytes of %d came back, error %v", len(got), size, err)
		}
	}
}

func TestARowThatLacksAChunkIsNotGivenOut(t *testing.T) {
	f := &forgetful{items: map[string]any{}, like: func(of int) int { return of }}
	s, _, _ := scripted(t, f.say)
	if err := s.writeChunks(t.Context(), "main", "g", make([]byte, 2*maxChunk), 1); err != nil {
		t.Fatal(err)
	}
	for _, item := range []rowItem{{Generation: "g", Chunks: 3}, {Generation: "h", Chunks: 1}} {
		if data, err := s.content(t.Context(), "main", item); !usersync.Is(err, usersync.Internal) {
			t.Fatalf("%d bytes, error %v", len(data), err)
		}
	}
}

func TestABatchThatMakesNoHeadwayIsThrottled(t *testing.T) {
	f := &forgetful{items: map[string]any{}, like: func(int) int { return 0 }}
	s, _, clock := scripted(t, f.say)
	if err := s.writeChunks(t.Context(), "main", "g", make([]byte, 10), 1); !usersync.Is(err, usersync.Throttled) {
		t.Fatalf("write: %v", err)
	}
	if _, err := s.LoadLinks(t.Context(), "set", make([]usersync.KeyHash, 1), false); !usersync.Is(err, usersync.Throttled) {
		t.Fatalf("read: %v", err)
	}
	if clock.Waited() < 2*time.Second {
		t.Fatalf("gave up after %s", clock.Waited())
	}
}

func TestLinksAreLoadedAHundredARequestEachOnce(t *testing.T) {
	f := &forgetful{items: map[string]any{}, like: func(of int) int { return of }}
	s, script, _ := scripted(t, f.say)
	var hashes []usersync.KeyHash
	for i := range 250 {
		h := usersync.HashKey("person", fmt.Sprint(i))
		hashes = append(hashes, h, h)
	}
	if _, err := s.LoadLinks(t.Context(), "set", hashes, false); err != nil {
		t.Fatal(err)
	}
	if len(script.asked) != 3 {
		t.Fatalf("%d requests for 250 links, want 3", len(script.asked))
	}
}
