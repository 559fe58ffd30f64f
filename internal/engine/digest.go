package engine

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"sync"

	"github.com/usersync/usersync/internal/usersync"
)

// A digest remembers a record without its values:
//
//	version  1 byte
//	salt     8 bytes, random for each digest
//	whole    16 bytes of SHA-256 over the salt and the whole record
//	fields   for each: the length of its name (1 byte), its name, 4 bytes of SHA-256 over the salt and the field
//
// The salt keeps the hashes of two people with the same value apart. A record whose digest would not
// fit into a link has no fields in it: then every field counts as changed.
const (
	digestVersion = 1
	saltSize      = 8
	wholeSize     = 16
	fieldSize     = 4
	digestHead    = 1 + saltSize + wholeSize
	maxDigest     = 4000
)

// scratch holds buffers for canonical records.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// newDigest makes a digest of a record under a new salt.
func newDigest(rec usersync.Record) []byte {
	d := make([]byte, digestHead, digestHead+len(rec)*20)
	d[0] = digestVersion
	salt := d[1 : 1+saltSize]
	rand.Read(salt)
	copy(d[1+saltSize:], wholeHash(salt, rec))
	for i := range rec {
		if len(rec[i].Name) > math.MaxUint8 || len(d)+1+len(rec[i].Name)+fieldSize > maxDigest {
			return slices.Clip(d[:digestHead])
		}
		hash := fieldHash(salt, &rec[i])
		d = append(d, byte(len(rec[i].Name)))
		d = append(d, rec[i].Name...)
		d = append(d, hash[:]...)
	}
	return d
}

// digestFits reports whether the digest is that of the record.
func digestFits(digest []byte, rec usersync.Record) bool {
	if len(digest) < digestHead || digest[0] != digestVersion {
		return false
	}
	return bytes.Equal(digest[1+saltSize:digestHead], wholeHash(digest[1:1+saltSize], rec))
}

// changedFields names, in order, the fields in which the record differs from the digest's: changed,
// new, or gone.
func changedFields(digest []byte, rec usersync.Record) []string {
	var names []string
	then := map[string][fieldSize]byte{}
	if len(digest) >= digestHead && digest[0] == digestVersion {
		w := wire{b: digest[digestHead:]}
		for len(w.b) > 0 && !w.bad {
			name := string(w.take(int(w.byte())))
			if hash := w.take(fieldSize); hash != nil {
				then[name] = [fieldSize]byte(hash)
			}
		}
	}
	for i := range rec {
		was, known := then[rec[i].Name]
		if !known || was != fieldHash(digest[1:1+saltSize], &rec[i]) {
			names = append(names, rec[i].Name)
		}
		delete(then, rec[i].Name)
	}
	for name := range then {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func wholeHash(salt []byte, rec usersync.Record) []byte {
	p := scratch.Get().(*[]byte)
	b := append((*p)[:0], salt...)
	for i := range rec {
		b = appendField(b, &rec[i])
	}
	sum := sha256.Sum256(b)
	*p = b
	scratch.Put(p)
	return sum[:wholeSize]
}

func fieldHash(salt []byte, f *usersync.Field) [fieldSize]byte {
	p := scratch.Get().(*[]byte)
	b := appendField(append((*p)[:0], salt...), f)
	sum := sha256.Sum256(b)
	*p = b
	scratch.Put(p)
	return [fieldSize]byte(sum[:fieldSize])
}

func appendField(b []byte, f *usersync.Field) []byte {
	return appendValue(appendText(b, f.Name), f.Value)
}

// appendValue appends the canonical form of a value: a letter for its kind and its content, such that
// equal values look alike (5 and 5.0, a []string and a []any of the same texts) and others do not.
func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, 'z')
	case string:
		return appendText(append(b, 's'), v)
	case bool:
		if v {
			return append(b, 't')
		}
		return append(b, 'f')
	case int:
		return appendText(append(b, 'n'), strconv.Itoa(v))
	case float64:
		return appendText(append(b, 'n'), canonicalFloat(v))
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return appendText(append(b, 'n'), strconv.FormatInt(n, 10))
		}
		if f, err := v.Float64(); err == nil {
			return appendText(append(b, 'n'), canonicalFloat(f))
		}
		return appendText(append(b, 'n'), v.String())
	}
	return appendReflected(b, reflect.ValueOf(value))
}

// canonicalFloat writes a whole number as an integer is written.
func canonicalFloat(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// appendReflected does the rarer kinds.
func appendReflected(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, 'z')
		}
		return appendValue(b, v.Elem().Interface())
	case reflect.String:
		return appendText(append(b, 's'), v.String())
	case reflect.Bool:
		return appendValue(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendText(append(b, 'n'), strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return appendText(append(b, 'n'), strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		return appendText(append(b, 'n'), canonicalFloat(v.Float()))
	case reflect.Slice, reflect.Array:
		b = binary.AppendUvarint(append(b, 'l'), uint64(v.Len()))
		for i := range v.Len() {
			b = appendValue(b, v.Index(i).Interface())
		}
		return b
	case reflect.Map:
		return appendMap(b, v)
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		text = []byte(v.Type().String())
	}
	return appendText(append(b, 'j'), string(text))
}

// appendMap writes a map's pairs in the order of their keys' canonical forms.
func appendMap(b []byte, v reflect.Value) []byte {
	pairs := make([][]byte, 0, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		pair := appendValue(nil, iter.Key().Interface())
		pairs = append(pairs, appendValue(pair, iter.Value().Interface()))
	}
	slices.SortFunc(pairs, bytes.Compare)
	b = binary.AppendUvarint(append(b, 'm'), uint64(len(pairs)))
	for _, pair := range pairs {
		b = append(b, pair...)
	}
	return b
}
