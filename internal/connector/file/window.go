package file

import (
	"bytes"
	"io"
	"slices"
)

const firstWindow = 64 << 10 // bytes

// window is the part of a stream that is being looked at. What was looked at and not skipped can be
// looked at again, which is how a row that turned out to be none is read anew from its second line.
type window struct {
	r          io.Reader
	buf        []byte
	start, end int
	done       bool  // the stream has ended
	skipped    int64 // bytes
}

// bytes are those that have been read and not skipped. They are valid until more is called.
func (w *window) bytes() []byte { return w.buf[w.start:w.end] }

// more reads on, unless the stream has ended.
func (w *window) more() error {
	if w.done {
		return nil
	}
	if w.start > 0 && w.end == len(w.buf) {
		w.end = copy(w.buf, w.buf[w.start:w.end])
		w.start = 0
	}
	if w.end == len(w.buf) {
		w.buf = slices.Grow(w.buf, max(firstWindow, len(w.buf)))
		w.buf = w.buf[:cap(w.buf)]
	}
	enough := min(len(w.buf), w.end+max(1, w.end-w.start)) // twice as much as before, if it is to be had
	for empty := 0; w.end < enough; {
		n, err := w.r.Read(w.buf[w.end:])
		w.end += n
		if n > 0 {
			empty = 0
		} else {
			empty++
		}
		switch {
		case err == io.EOF:
			w.done = true
			return nil
		case err != nil:
			return err
		case empty == 100:
			return io.ErrNoProgress
		}
	}
	return nil
}

func (w *window) skip(n int) {
	w.start += n
	w.skipped += int64(n)
}

// skipLine skips to the beginning of the next line, however far it is.
func (w *window) skipLine() error {
	for {
		if i := bytes.IndexByte(w.bytes(), '\n'); i >= 0 {
			w.skip(i + 1)
			return nil
		}
		w.skip(len(w.bytes()))
		if w.done {
			return nil
		}
		if err := w.more(); err != nil {
			return err
		}
	}
}

// skipMark skips a byte order mark at the beginning of the stream.
func (w *window) skipMark() error {
	for len(w.bytes()) < 3 && !w.done {
		if err := w.more(); err != nil {
			return err
		}
	}
	text := w.bytes()
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		w.skip(3)
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return noList("the file is in UTF-16; it must be in UTF-8")
	}
	return nil
}
