package dynamo

import (
	"bytes"
	"cmp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

func TestTheOrderOfKeysIsThatOfWhatTheyStandFor(t *testing.T) {
	moments := rapid.Custom(func(rt *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, 1<<36).Draw(rt, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(rt, "nanos"))
	})
	hashes := rapid.Custom(func(rt *rapid.T) usersync.KeyHash {
		return usersync.HashKey("person", rapid.String().Draw(rt, "key"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		n, m := rapid.IntRange(0, 1<<31).Draw(rt, "n"), rapid.IntRange(0, 1<<31).Draw(rt, "m")
		if strings.Compare(padded(n), padded(m)) != cmp.Compare(n, m) {
			rt.Fatalf("%q and %q", padded(n), padded(m))
		}
		a, b := moments.Draw(rt, "a"), moments.Draw(rt, "b")
		if strings.Compare(stamp(a), stamp(b)) != a.Compare(b) {
			rt.Fatalf("%q and %q", stamp(a), stamp(b))
		}
		g, h := hashes.Draw(rt, "g"), hashes.Draw(rt, "h")
		x, y := linkKey("set", g), linkKey("set", h)
		if cmp.Or(strings.Compare(x.PK, y.PK), strings.Compare(x.SK, y.SK)) != bytes.Compare(g[:], h[:]) {
			rt.Fatalf("%v and %v", x, y)
		}
	})
}

func TestNothingIsDeletedBeforeItExpires(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		end := time.Unix(rapid.Int64Range(0, 1<<36).Draw(rt, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(rt, "nanos"))
		e := expiring(end)
		if deleted := time.Unix(e.Expires, 0); deleted.Before(end) || deleted.Sub(end) >= time.Second {
			rt.Fatalf("deleted from %s on, ends at %s", deleted, end)
		}
		if e.over(end.Add(-1)) || !e.over(end) {
			rt.Fatal("a reader finds it absent at another moment than its end")
		}
	})
}

func TestAnyTextMakesAKeyThatDynamoDBTakes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.String().Draw(rt, "text")
		for _, k := range []key{userKey("c", text), unitKey("c", text), codeKey("c", codeHash(text+"x")), claimKey("c", text)} {
			if len(k.PK) > 2048 || k.SK == "" || len(k.SK) > 1024 {
				rt.Fatalf("%d bytes make the key %v", len(text), k)
			}
		}
	})
}
