package settings

import (
	"strconv"
	"strings"
)

// The parser's messages, taken apart: its line, and words that quote nothing but YAML's own signs.
// One message quotes the file, that of an alias without an anchor; it has no line either.
var (
	yamlMessage  = pattern(`^yaml: (?:line (\d+): )?((?:[^'"]|'[^'\w]')*)$`)
	unknownAlias = pattern(`^yaml: unknown anchor '(.*)' referenced$`)
)

// countedFrom0 are the beginnings of those messages whose line the parser counts from 0.
var countedFrom0 = pattern(`^did not find expected (?:key|node content|'|<)`)

// syntax adds the fault that the YAML parser found; there is at most one, since it stops there.
func (r *reader) syntax(text []byte, err error) {
	if alias := unknownAlias().FindStringSubmatch(err.Error()); alias != nil {
		before, _, _ := strings.Cut(string(text), "*"+alias[1])
		r.faultAt(1+strings.Count(before, "\n"), 0, "", noAliases)
		return
	}
	line, message := 1, "this is no YAML"
	if parts := yamlMessage().FindStringSubmatch(err.Error()); parts != nil {
		message += ": " + parts[2]
		line, _ = strconv.Atoi(parts[1])
		if countedFrom0().MatchString(parts[2]) {
			line++
		}
	}
	r.faultAt(line, 0, "", message)
}
