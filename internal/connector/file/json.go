package file

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/usersync/usersync/internal/usersync"
)

// array is the list of a JSON file.
type array struct {
	w       *window
	element int // the last one begun, from 1
}

func newArray(w *window) (list, error) {
	a := &array{w: w}
	switch b, err := a.peek(); {
	case err == io.EOF:
		return nil, noList("the file is empty")
	case err != nil:
		return nil, err
	case b != '[':
		return nil, noList("this is no JSON array: it does not begin with [")
	}
	w.skip(1)
	return a, nil
}

func (a *array) place() string { return "element " + strconv.Itoa(a.element) }
func (a *array) read() int64   { return a.w.skipped }

// peek is the next byte that is not white space, io.EOF where there is none.
func (a *array) peek() (byte, error) {
	for {
		text := bytes.TrimLeft(a.w.bytes(), " \t\r\n")
		a.w.skip(len(a.w.bytes()) - len(text))
		if len(text) > 0 {
			return text[0], nil
		}
		if a.w.done {
			return 0, io.EOF
		}
		if err := a.w.more(); err != nil {
			return 0, err
		}
	}
}

// next is the next element.
func (a *array) next() (usersync.Entry, error) {
	b, err := a.peek()
	switch {
	case err == nil && b == ']':
		return usersync.Entry{}, a.end()
	case err == nil && a.element > 0:
		if b != ',' {
			return usersync.Entry{}, noList(fmt.Sprintf("this is no JSON: neither , nor ] follows element %d", a.element))
		}
		a.w.skip(1)
		b, err = a.peek()
	}
	if err == io.EOF {
		return usersync.Entry{}, a.isCut()
	}
	if err != nil {
		return usersync.Entry{}, err
	}
	a.element++
	if b == ',' || b == ']' || b == '}' {
		return usersync.Entry{}, noList(fmt.Sprintf("this is no JSON: element %d is missing", a.element))
	}
	raw, fits, err := a.value()
	if err != nil {
		return usersync.Entry{}, err
	}
	entry := faulty("", a.element, "the element is longer than 1 MiB")
	if fits {
		entry = decoded(raw, a.element)
	}
	a.w.skip(len(raw))
	return entry, nil
}

// end is io.EOF if nothing follows the array.
func (a *array) end() error {
	a.w.skip(1)
	_, err := a.peek()
	if err == nil {
		return noList(fmt.Sprintf("something follows the JSON array, after element %d", a.element))
	}
	return err
}

func (a *array) isCut() error {
	return noList(fmt.Sprintf("the file is cut: its JSON array does not end, after element %d", a.element))
}

// value reads to the end of the value that begins the window. raw is still to be skipped; of a value
// that does not fit, it is the end alone.
func (a *array) value() (raw []byte, fits bool, err error) {
	fits = true
	var s scanner
	for i := 0; ; {
		data := a.w.bytes()
		for ; i < len(data); i++ {
			if end := s.scan(data[i]); end >= 0 {
				return data[:i+end], fits && i <= maxElement, nil
			}
		}
		if a.w.done {
			return nil, false, a.isCut()
		}
		if i > maxElement {
			fits = false
			a.w.skip(i)
			i = 0
		}
		if err := a.w.more(); err != nil {
			return nil, false, err
		}
	}
}

// scanner finds the end of a JSON value by its brackets and quotes; whether what is between them is
// JSON is not its business.
type scanner struct {
	depth                 int
	inText, escaped, bare bool
}

// scan takes the next byte of the value: 1 if it is the value's last, 0 if the one before was, else -1.
func (s *scanner) scan(b byte) int {
	switch {
	case s.escaped:
		s.escaped = false
	case s.inText && b == '\\':
		s.escaped = true
	case s.inText && b == '"':
		s.inText = false
		return s.closed()
	case s.inText:
	case s.bare:
		if bytes.IndexByte([]byte(",]} \t\r\n"), b) >= 0 {
			return 0
		}
	case b == '"':
		s.inText = true
	case b == '{' || b == '[':
		s.depth++
	case b == '}' || b == ']':
		s.depth--
		return s.closed()
	case s.depth == 0:
		s.bare = true
	}
	return -1
}

func (s *scanner) closed() int {
	if s.depth == 0 {
		return 1
	}
	return -1
}
