package engine

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"strconv"

	"github.com/usersync/usersync/internal/usersync"
)

// batchPages is how many staged pages fetch is ahead of upsert, and how many one upsert step takes.
const batchPages = 10

// pageEntries is how many entries a staged page has at most.
const pageEntries = 500

// vault seals staged pages with the job's key and opens them. It is not safe for concurrent use.
//
// A sealed page is a version, a nonce and the sealed rest: how many entries, the hash of each
// entry's key, and the compressed JSON of the entries. The hashes stand apart so that they can be had
// without the people. The job, the reading and the number are authenticated with it, so that no page
// can take another's place.
type vault struct {
	owner  usersync.JobID
	key    []byte
	aead   cipher.AEAD
	text   bytes.Buffer // the JSON of the page at hand
	packed []byte       // what is to be sealed, or was opened
	json   []byte
}

const vaultVersion = 1

// newVault takes a key of 32 bytes.
func newVault(job usersync.JobID, key []byte) (*vault, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, corrupt("the page key")
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, corrupt("the page key")
	}
	return &vault{owner: job, key: key, aead: aead}, nil
}

// hash names a value by which people are matched: a guess at the value is worth nothing without the
// key, which is gone when the job has ended.
func (v *vault) hash(k usersync.MatchKey) usersync.KeyHash {
	mac := hmac.New(sha256.New, v.key)
	mac.Write([]byte(k.Kind + "\x00" + k.Value))
	return usersync.KeyHash(mac.Sum(nil))
}

// bound is what is authenticated beside the page.
func (v *vault) bound(reading string, n int) []byte {
	return []byte(string(v.owner) + "\x00" + reading + "\x00" + strconv.Itoa(n))
}

// seal makes the row of a page. The row is the caller's.
func (v *vault) seal(reading string, n int, entries []usersync.Entry) ([]byte, error) {
	v.text.Reset()
	enc := json.NewEncoder(&v.text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(entries); err != nil {
		return nil, &usersync.Error{Code: usersync.Internal, Message: "a page cannot be staged", Cause: err}
	}
	v.packed = binary.AppendUvarint(v.packed[:0], uint64(len(entries)))
	for i := range entries {
		h := entries[i].Hash()
		v.packed = append(v.packed, h[:]...)
	}
	v.packed = packer().EncodeAll(v.text.Bytes(), v.packed)

	nonce := v.aead.NonceSize()
	row := make([]byte, 1+nonce, 1+nonce+len(v.packed)+v.aead.Overhead())
	row[0] = vaultVersion
	rand.Read(row[1:])
	return v.aead.Seal(row, row[1:], v.packed, v.bound(reading, n)), nil
}

// unseal returns the hashes of a page and the compressed rest, which lives until the next call.
func (v *vault) unseal(reading string, n int, row []byte) ([]usersync.KeyHash, []byte, error) {
	nonce := v.aead.NonceSize()
	if len(row) < 1+nonce || row[0] != vaultVersion {
		return nil, nil, corrupt("a staged page")
	}
	plain, err := v.aead.Open(v.packed[:0], row[1:1+nonce], row[1+nonce:], v.bound(reading, n))
	if err != nil {
		return nil, nil, corrupt("a staged page")
	}
	v.packed = plain
	w := wire{b: plain}
	hashes := make([]usersync.KeyHash, w.number(pageEntries))
	for i := range hashes {
		hashes[i] = w.hash()
	}
	if w.bad {
		return nil, nil, corrupt("a staged page")
	}
	return hashes, w.b, nil
}

// open returns the entries of a page and the hashes of their keys.
func (v *vault) open(reading string, n int, row []byte) ([]usersync.Entry, []usersync.KeyHash, error) {
	hashes, packed, err := v.unseal(reading, n, row)
	if err != nil {
		return nil, nil, err
	}
	if v.json, err = unpacker().DecodeAll(packed, v.json[:0]); err != nil {
		return nil, nil, corrupt("a staged page")
	}
	entries := make([]usersync.Entry, 0, len(hashes))
	if err := json.Unmarshal(v.json, &entries); err != nil || len(entries) != len(hashes) {
		return nil, nil, corrupt("a staged page")
	}
	return entries, hashes, nil
}
