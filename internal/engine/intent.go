package engine

import (
	"encoding/binary"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// intent stands in a link's place from before a create is sent until its answer is stored. Whoever finds one
// cannot know whether the create was carried out. Targets that upsert by key need none.
//
// As a link it has no target id, its TargetKey is that of the record that was sent, and its digest is
//
//	version  1 byte
//	flags    1 byte
//	at       8 bytes, milliseconds since 1970
//	sent     the digest of the record
type intent struct {
	at   time.Time
	free bool             // nobody in the target had the key: a record that is found under it is the create's
	key  usersync.KeyHash // of the record that was sent; zero where it had none
	sent []byte           // its digest
}

const (
	intentVersion = 3
	intentHead    = 10
	freeFlag      = 0x01
)

// intentDelay is how long after its intent was made a create may be sent: the intent is written in between, and the
// target may log in first, which may take two seconds.
const intentDelay = 5 * time.Second

func (i *intent) encode() []byte {
	flags := byte(0)
	if i.free {
		flags |= freeFlag
	}
	b := binary.BigEndian.AppendUint64([]byte{intentVersion, flags}, uint64(i.at.UnixMilli()))
	return append(b, i.sent...)
}

// intentOf reads what stands in a link's place. One that cannot be read was sent long ago, and says nothing of
// what was there.
func intentOf(link *usersync.Link) intent {
	i := intent{key: link.TargetKey}
	if d := link.Digest; len(d) >= intentHead && d[0] == intentVersion {
		i.free = d[1]&freeFlag != 0
		i.at = time.UnixMilli(int64(binary.BigEndian.Uint64(d[2:intentHead]))).UTC()
		i.sent = d[intentHead:]
	}
	return i
}

// intend makes the intent of a create that is about to be sent. That the key is nobody's is known of people who were
// looked for in the survey and not found: a record with their key has the values that they are matched by.
func (b *batch) intend(t *task) intent {
	created := t.page.items[t.n].action == usersync.Created
	return intent{at: b.Clock.Now(), free: created && b.surveyed && len(b.matchKeys(t.record)) > 0, key: t.keyHash, sent: newDigest(t.record)}
}
