package dynamo

import (
	"context"
	"errors"
	"slices"
)

// An item has at most 400 KB, with the names of its attributes; a row at most 32 MiB.
const (
	maxChunk = 380 << 10
	maxRow   = 32 << 20
)

// chunkItem is a part of a row. It expires with its row; nothing else removes it.
type chunkItem struct {
	key
	N       int    `dynamodbav:"n"` // from 0
	Data    []byte `dynamodbav:"data"`
	Expires int64  `dynamodbav:"expires"`
}

// chunksOf is how many chunks size bytes make.
func chunksOf(size int) int { return (size + maxChunk - 1) / maxChunk }

// writeChunks writes data in parts; each has a partition of its own, so that a large row is not
// held to the pace of one.
func (s *Store) writeChunks(ctx context.Context, table, generation string, data []byte, expires int64) error {
	var items []row
	flush := func() error {
		defer func() { items = items[:0] }()
		return s.writeAll(ctx, table, items)
	}
	n := 0
	for part := range slices.Chunk(data, maxChunk) {
		item, err := encode(chunkItem{key: chunkKey(generation, n), N: n, Data: part, Expires: expires})
		if err != nil {
			return err
		}
		n++
		if items = append(items, item); len(items) == writeBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// content is the data of a row, wherever it is; never nil.
func (s *Store) content(ctx context.Context, table string, item rowItem) ([]byte, error) {
	if item.Generation == "" {
		if item.Data == nil {
			return []byte{}, nil
		}
		return item.Data, nil
	}
	keys := make([]key, item.Chunks)
	for n := range keys {
		keys[n] = chunkKey(item.Generation, n)
	}
	found, err := s.load(ctx, table, keys, true)
	if err != nil {
		return nil, err
	}
	parts := make([][]byte, item.Chunks)
	for _, r := range found {
		part, err := decode[chunkItem](r)
		if err != nil {
			return nil, err
		}
		if part.N < 0 || part.N >= len(parts) {
			return nil, unreadable(errors.New("a chunk beyond the last"))
		}
		parts[part.N] = part.Data
	}
	if slices.ContainsFunc(parts, func(part []byte) bool { return part == nil }) {
		return nil, unreadable(errors.New("a chunk is missing"))
	}
	return slices.Concat(parts...), nil
}
