package file

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/usersync/usersync/internal/usersync"
)

// lines is the list of a file of JSON lines.
type lines struct {
	w    *window
	line int // the last one begun, from 1
}

func newLines(w *window) (list, error) {
	l := &lines{w: w}
	text, _, err := l.line1()
	switch {
	case err == io.EOF && w.skipped == 0:
		return nil, noList("the file is empty")
	case err == io.EOF: // blank lines alone list nobody
		return l, nil
	case err != nil:
		return nil, err
	case text[0] == '[':
		return nil, noList("this is a JSON array: the name of such a file ends in .json")
	case text[0] != '{':
		return nil, noList(fmt.Sprintf("these are no JSON lines: line %d does not begin with {", l.line+1))
	case len(text) == 1:
		return nil, noList("these are no JSON lines: the first object goes over several lines")
	}
	return l, nil
}

func (l *lines) place() string { return "line " + strconv.Itoa(l.line) }
func (l *lines) read() int64   { return l.w.skipped }

// line1 is the first line of the window that is not blank, trimmed, and its size in the window; a line
// that is longer than 1 MiB is cut there. io.EOF where there is none.
func (l *lines) line1() (text []byte, size int, err error) {
	for i := 0; ; {
		data := l.w.bytes()
		end := bytes.IndexByte(data[i:], '\n')
		switch {
		case end >= 0:
			size = i + end + 1
		case l.w.done || len(data) > maxElement:
			size = len(data)
		default:
			i = len(data)
			if err := l.w.more(); err != nil {
				return nil, 0, err
			}
			continue
		}
		if text = bytes.Trim(data[:size], " \t\r\n"); len(text) > 0 {
			return text, size, nil
		}
		if l.w.done && size == len(data) && end < 0 {
			return nil, 0, io.EOF
		}
		l.w.skip(size)
		if end >= 0 {
			l.line++
		}
		i = 0
	}
}

// next is the next line.
func (l *lines) next() (usersync.Entry, error) {
	text, size, err := l.line1()
	if err != nil {
		return usersync.Entry{}, err
	}
	l.line++
	broken := l.w.bytes()[size-1] == '\n'
	if size > maxElement {
		return faulty("", l.line, "the line is longer than 1 MiB"), l.w.skipLine()
	}
	if !broken && text[0] == '{' && !complete(text) {
		return usersync.Entry{}, noList(fmt.Sprintf("the file is cut in line %d", l.line))
	}
	entry := decoded(text, l.line)
	l.w.skip(size)
	return entry, nil
}

// complete reports whether a text's brackets and quotes close, as those of a line do that was not cut.
func complete(text []byte) bool {
	var s scanner
	for _, b := range text {
		if s.scan(b) == 1 {
			return true
		}
	}
	return false
}
