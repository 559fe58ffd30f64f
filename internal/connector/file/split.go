package file

import "strings"

// cell is where a cell stands in its record.
type cell struct {
	start, end int
	escaped    bool // it holds doubled quotes
}

// splitter takes records of CSV apart.
type splitter struct {
	comma byte
	limit int // how many cells a record may have
	cells []cell
}

// ending is how the splitting of a record went.
type ending int

const (
	whole    ending = iota // the record is in cells
	cut                    // more text is needed
	tooMany                // there are more cells than the limit
	badQuote               // something else than a comma follows a quoted cell
	unclosed               // a quoted cell does not end
)

// split takes the first record of data apart, n bytes with its line break; last says that no data
// follows. A quote inside a cell that does not begin with one is text. With another ending than
// whole, cells are those before the trouble, and n bytes were looked at.
func (s *splitter) split(data []byte, last bool) (n int, end ending) {
	s.cells = s.cells[:0]
	for i := 0; ; i++ {
		if len(s.cells) == s.limit {
			return i, tooMany
		}
		var c cell
		if i < len(data) && data[i] == '"' {
			if c, end = quoted(data, i, last); end != whole {
				return len(data), end
			}
			i = c.end + 1
		} else {
			c.start = i
			for i < len(data) && data[i] != s.comma && data[i] != '\n' {
				i++
			}
			c.end = i
			if i > c.start && data[i-1] == '\r' && (i == len(data) || data[i] == '\n') {
				c.end--
			}
		}
		switch rest := data[i:]; {
		case len(rest) == 0 && !last, len(rest) == 1 && rest[0] == '\r' && !last:
			return len(data), cut
		case len(rest) > 0 && rest[0] == s.comma:
			s.cells = append(s.cells, c)
		case len(rest) == 0:
			s.cells = append(s.cells, c)
			return i, whole
		case rest[0] == '\n':
			s.cells = append(s.cells, c)
			return i + 1, whole
		case rest[0] == '\r' && (len(rest) == 1 || rest[1] == '\n'):
			s.cells = append(s.cells, c)
			return i + min(2, len(rest)), whole
		default:
			return i, badQuote
		}
	}
}

// quoted is the cell whose opening quote is at i.
func quoted(data []byte, i int, last bool) (cell, ending) {
	c := cell{start: i + 1}
	for i++; i < len(data); i++ {
		if data[i] != '"' {
			continue
		}
		if i+1 < len(data) && data[i+1] == '"' {
			c.escaped = true
			i++
			continue
		}
		if i+1 == len(data) && !last {
			return c, cut
		}
		c.end = i
		return c, whole
	}
	if last {
		return c, unclosed
	}
	return c, cut
}

// texts are the cells as text, all of them parts of one string.
func (s *splitter) texts(data []byte, into []string) []string {
	into = into[:0]
	end := 0
	for _, c := range s.cells {
		end = max(end, c.end)
	}
	record := string(data[:end])
	for _, c := range s.cells {
		text := record[c.start:c.end]
		if c.escaped {
			text = strings.ReplaceAll(text, `""`, `"`)
		}
		into = append(into, text)
	}
	return into
}
