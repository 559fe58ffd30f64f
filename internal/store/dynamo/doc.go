// Package dynamo keeps everything in two DynamoDB tables. Every item has a partition key pk and a sort
// key sk, both text.
//
// The main table:
//
//	pk                           sk                item
//	C#<company>                  LEASE             the lease: job (absent while free), fence, until, taken over from
//	C#<company>                  J#<job>           a job as JSON; its status, fence, rev and last writer beside it
//	J#<shard>                    <job>             the company of a job; 16 shards by the hash of its id
//	C#<company>                  SETTINGS          a tenant's settings, its name and its schedule
//	C#<company>                  I#<sha256>        what an Idempotency-Key stands for
//	T#<shard>                    <company>         a tenant's listing: name, schedule, when put, last success; 16 shards
//	N                            N                 until when the schedules have been looked after
//	W#<job>#<kind>#              <number>          a row of kind plan, seen or outcome: its data, or where its chunks are
//	B#<generation>#<chunk>       B                 380 KB of a row that is larger
//	L#<set>#<shard>              <hash>            a link; 16 shards by the first hexadecimal digit of the hash
//	R#<set>#<shard>              <hash>            a reserved target key, spread likewise
//	D#<company>#U#<shard>        <hash of id>      a user of the directory
//	D#<company>#O                <ordinal>         the user with that ordinal
//	D#<company>#C#<hash of code> C                 the user with that code
//	D#<company>#D                <hash of id>      a department
//	D#<company>                  USERS             how many users there are: the next ordinal
//	D#<company>                  UNITS             how many departments were begun: the next place in their order
//
// Its one index, `unfinished`, has the keys of the jobs that are Pending or Processing: a job's item has
// the attribute `unfinished` until it ends, so that saving a checkpoint does not touch the index.
//
// The pages table, which needs no point-in-time recovery and better has none:
//
//	W#<job>#page#<reading>       <number>          a staged page
//	B#<generation>#<chunk>       B                 380 KB of a larger one
//	K#<job>                      K                 the job's page key, or the mark that it was erased
//	S#<job>#<shard>              <hash>            which records of the target have a value; 16 shards by its hash
//
// Numbers are padded with zeros, so that their order as text is that of their values. A moment is text
// in UTC with nine digits of a second, for the same reason. What expires has two attributes: `until`, the
// moment that readers go by, and `expires`, in whole seconds, for DynamoDB's own deletion, which is
// late by hours and costs nothing: it is the only one that removes chunks nobody refers to any more.
//
// # Writes
//
// A condition decides every write that could meet another writer, and no read comes before it: the item
// that stood in the way comes back with the refusal. The SDK repeats a request whose answer was
// lost, and may then be refused by what it wrote itself; where that could be taken for somebody else, the item
// holds a token of the writer. Users are created in transactions, as many in one as are waiting, because each
// of them moves the company's one counter. A tenant is put and deleted in one, so that what is listed of it and
// its settings are never of two minds.
package dynamo
