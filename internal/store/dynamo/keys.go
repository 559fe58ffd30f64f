package dynamo

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usersync/usersync/internal/usersync"
)

// key is the primary key of an item, and begins every kind of item.
type key struct {
	PK string `dynamodbav:"pk"`
	SK string `dynamodbav:"sk"`
}

// row is an item as the SDK has it.
type row = map[string]types.AttributeValue

func (k key) row() row {
	return row{"pk": &types.AttributeValueMemberS{Value: k.PK}, "sk": &types.AttributeValueMemberS{Value: k.SK}}
}

// keyOf is an item's key; empty where the item has none.
func keyOf(r row) key {
	pk, _ := r["pk"].(*types.AttributeValueMemberS)
	sk, _ := r["sk"].(*types.AttributeValueMemberS)
	if pk == nil || sk == nil {
		return key{}
	}
	return key{PK: pk.Value, SK: sk.Value}
}

func companyKey(company usersync.CompanyID, sk string) key {
	return key{PK: "C#" + string(company), SK: sk}
}

func leaseKey(company usersync.CompanyID) key { return companyKey(company, "LEASE") }

const jobPrefix = "J#"

func jobKey(company usersync.CompanyID, id usersync.JobID) key {
	return companyKey(company, jobPrefix+string(id))
}

// pointerKey is where a job's company is found.
func pointerKey(id usersync.JobID) key {
	return key{PK: jobPrefix + shard(usersync.HashKey("job", string(id))), SK: string(id)}
}

func claimKey(company usersync.CompanyID, idempotencyKey string) key {
	sum := sha256.Sum256([]byte(idempotencyKey))
	return companyKey(company, "I#"+hex.EncodeToString(sum[:]))
}

func rowKey(id usersync.RowID) key {
	return key{PK: "W#" + string(id.Job) + "#" + string(id.Kind) + "#" + id.Reading, SK: padded(id.N)}
}

func chunkKey(generation string, n int) key {
	return key{PK: fmt.Sprintf("B#%s#%d", generation, n), SK: "B"}
}

func pageKeyKey(job usersync.JobID) key { return key{PK: "K#" + string(job), SK: "K"} }

func surveyKey(job usersync.JobID, h usersync.KeyHash) key {
	return key{PK: "S#" + string(job) + "#" + shard(h), SK: h.String()}
}

func linkKey(set usersync.LinkSet, h usersync.KeyHash) key {
	return key{PK: linkPartition(set, shard(h)), SK: h.String()}
}

func linkPartition(set usersync.LinkSet, shard string) string {
	return "L#" + string(set) + "#" + shard
}

func reservationKey(set usersync.LinkSet, h usersync.KeyHash) key {
	return key{PK: "R#" + string(set) + "#" + shard(h), SK: h.String()}
}

// directoryKey is in the company's part of the directory; part names a collection, or is empty.
func directoryKey(company usersync.CompanyID, part, sk string) key {
	return key{PK: "D#" + string(company) + part, SK: sk}
}

// userKey hashes the id: any text can be asked for, and not every text can be a sort key.
func userKey(company usersync.CompanyID, id string) key {
	h := usersync.HashKey("user", id)
	return directoryKey(company, "#U#"+shard(h), h.String())
}

func ordinalKey(company usersync.CompanyID, ordinal int) key {
	return directoryKey(company, "#O", padded(ordinal))
}

// codeHash names a code as CodeKey gives it; empty for no code.
func codeHash(code string) string {
	if code == "" {
		return ""
	}
	return usersync.HashKey("code", code).String()
}

func codeKey(company usersync.CompanyID, hash string) key {
	return directoryKey(company, "#C#"+hash, "C")
}

func unitKey(company usersync.CompanyID, id string) key {
	return directoryKey(company, "#D", usersync.HashKey("unit", id).String())
}

// shards are what spreads one collection over several partitions, in order of hash.
const shards = "0123456789abcdef"

// shard is the partition of a hash: its first hexadecimal digit.
func shard(h usersync.KeyHash) string { return shards[h[0]>>4 : h[0]>>4+1] }

// padded is a number from 0 as text whose order is that of the numbers.
func padded(n int) string { return fmt.Sprintf("%010d", n) }

const moment = "2006-01-02T15:04:05.000000000Z"

// stamp is a moment as text whose order is that of time.
func stamp(t time.Time) string { return t.UTC().Format(moment) }

// expiry is until when an item is there.
type expiry struct {
	Until   string `dynamodbav:"until"`
	Expires int64  `dynamodbav:"expires"` // for DynamoDB's own deletion: never before Until
}

func expiring(t time.Time) expiry {
	return expiry{Until: stamp(t), Expires: t.Add(time.Second - 1).Unix()}
}

// over reports whether the item is as good as absent.
func (e expiry) over(now time.Time) bool { return e.Until <= stamp(now) }

// newToken tells one writer, or one generation of chunks, from every other.
func newToken() string { return rand.Text() }
