package file

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/usersync"
)

// csv is the list of a CSV file.
type csv struct {
	w       *window
	split   splitter
	columns []column
	id      int // the column of the id
	row     int // the line that the next record begins in
	doubt   int // lines up to this one may be the inside of a broken row
	texts   []string
}

func newCSV(w *window) (list, error) {
	c := &csv{w: w, row: 1, split: splitter{limit: maxColumns}}
	if err := c.skipBlank(); err != nil {
		if err == io.EOF {
			return nil, noList("the file is empty: it has no header")
		}
		return nil, err
	}
	for !bytes.ContainsRune(w.bytes(), '\n') && !w.done && len(w.bytes()) <= maxElement {
		if err := w.more(); err != nil {
			return nil, err
		}
	}
	first, _, _ := bytes.Cut(w.bytes(), []byte("\n"))
	c.split.comma = commaOf(first)
	end, err := c.record()
	if err != nil {
		return nil, err
	}
	if end.end != whole {
		return nil, noList(fmt.Sprintf("line %d: this is no CSV header", c.row))
	}
	names := c.split.texts(w.bytes(), nil)
	if c.columns, c.id, err = columnsOf(names, c.row); err != nil {
		return nil, err
	}
	c.split.limit = len(c.columns)
	c.advance(end.size)
	return c, nil
}

// commaOf is the comma or the semicolon, whichever the header has more of outside quotes.
func commaOf(header []byte) byte {
	var commas, semicolons int
	inside := false
	for _, b := range header {
		switch {
		case b == '"':
			inside = !inside
		case b == ',' && !inside:
			commas++
		case b == ';' && !inside:
			semicolons++
		}
	}
	if semicolons > commas {
		return ';'
	}
	return ','
}

func (c *csv) place() string { return "line " + strconv.Itoa(c.row-1) }
func (c *csv) read() int64   { return c.w.skipped }

// next is the next row.
func (c *csv) next() (usersync.Entry, error) {
	if err := c.skipBlank(); err != nil {
		return usersync.Entry{}, err
	}
	found, err := c.record()
	if err != nil {
		return usersync.Entry{}, err
	}
	row, data := c.row, c.w.bytes()
	c.texts = c.split.texts(data, c.texts)
	if found.end == whole && len(c.texts) == len(c.columns) {
		valid := utf8.Valid(data[:found.size])
		c.advance(found.size)
		return c.person(row, valid), nil
	}
	entry := c.broken(row, found.end)
	c.doubt = max(c.doubt, row+bytes.Count(data[:max(0, found.size-1)], []byte("\n")))
	c.row++
	return entry, c.w.skipLine()
}

// found is a record that begins the window, and the bytes that were looked at for it.
type found struct {
	size int
	end  ending
}

// record takes the record at the window's beginning apart, reading on as it must.
func (c *csv) record() (found, error) {
	for {
		data := c.w.bytes()
		size, end := c.split.split(data, c.w.done)
		switch {
		case size > maxElement && (end == whole || end == cut):
			return found{size, unclosed}, nil
		case end != cut:
			return found{size, end}, nil
		}
		if err := c.w.more(); err != nil {
			return found{}, err
		}
	}
}

// person makes an entry of a row with the right number of cells.
func (c *csv) person(row int, valid bool) usersync.Entry {
	if !valid {
		for i, text := range c.texts {
			if !utf8.ValidString(text) {
				return faulty(c.texts[c.id], row, c.columns[i].name+" is not valid UTF-8")
			}
		}
	}
	p := new(usersync.Person)
	for i, text := range c.texts {
		if text == "" {
			continue
		}
		if fault := c.columns[i].set(p, text); fault != "" {
			return faulty(c.texts[c.id], row, fault)
		}
	}
	return usersync.Listed(p, row)
}

// broken makes an entry of a row whose cells cannot be told apart. Only an id that comes before the
// trouble is believed: a cell that is out of place may be a name.
func (c *csv) broken(row int, end ending) usersync.Entry {
	id := ""
	if c.id == 0 && len(c.texts) > 0 && row > c.doubt {
		id = c.texts[0]
	}
	columns := len(c.columns)
	line := bytes.IndexByte(c.w.bytes(), '\n')
	switch {
	case end == whole:
		return faulty("", row, fmt.Sprintf("there are too few cells: %d where the header has %d", len(c.texts), columns))
	case end == tooMany:
		return faulty(id, row, fmt.Sprintf("there are too many cells: the header has %d", columns))
	case end == badQuote:
		return faulty(id, row, "a quoted cell goes on after its closing quote")
	case line > maxElement || line < 0 && len(c.w.bytes()) > maxElement:
		return faulty(id, row, "the row is longer than 1 MiB")
	}
	return faulty(id, row, "a quoted cell does not end")
}

// skipBlank skips lines with nothing but white space; io.EOF where only those are left.
func (c *csv) skipBlank() error {
	for i := 0; ; {
		data := c.w.bytes()
		for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r') {
			i++
		}
		switch {
		case i < len(data) && data[i] == '\n':
			c.advance(i + 1)
			i = 0
		case i < len(data) || i > maxElement:
			return nil
		case c.w.done:
			return io.EOF
		default:
			if err := c.w.more(); err != nil {
				return err
			}
		}
	}
}

// advance goes on behind n bytes.
func (c *csv) advance(n int) {
	c.row += bytes.Count(c.w.bytes()[:n], []byte("\n"))
	c.w.skip(n)
}

// faulty is a row that cannot be used: keyed by its id where that is one, and then told with its
// number all the same.
func faulty(id string, row int, fault string) usersync.Entry {
	if usersync.KeyFault(id) != "" {
		return usersync.Entry{Key: usersync.RowKey(row), Keyless: true, Fault: fault}
	}
	return usersync.Entry{Key: id, Fault: fmt.Sprintf("row %d: %s", row, fault)}
}
