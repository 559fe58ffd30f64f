// Package phone spells phone numbers in one way, so that two spellings of one number are the same.
//
// It knows the countries' codes and what is dialled before a number within a country, no more: whether a
// number is in use it does not know. The library that does would make every function a fifth larger and
// twice as slow to start; the tests hold this package against it.
package phone

import (
	"strings"
	"unicode"
)

const (
	maxText = 64 // bytes of a text that may be a number
	fewest  = 7  // digits of a number, the country's code among them
	most    = 15 // by E.164
)

// plan is how numbers are dialled in a country.
type plan struct {
	code  string // the country's
	trunk string // what is dialled before a number within the country, and is no part of it
}

// plans are those of the countries that are known, by ISO 3166.
var plans = map[string]plan{
	"AT": {"43", "0"}, "AU": {"61", "0"}, "BE": {"32", "0"}, "BG": {"359", "0"}, "CA": {"1", "1"}, "CH": {"41", "0"}, "CY": {"357", ""},
	"CZ": {"420", ""}, "DE": {"49", "0"}, "DK": {"45", ""}, "EE": {"372", ""}, "ES": {"34", ""}, "FI": {"358", "0"}, "FO": {"298", ""},
	"FR": {"33", "0"}, "GB": {"44", "0"}, "GL": {"299", ""}, "GR": {"30", ""}, "HR": {"385", "0"}, "HU": {"36", "06"}, "IE": {"353", "0"},
	"IS": {"354", ""}, "IT": {"39", ""}, "LI": {"423", "0"}, "LT": {"370", "0"}, "LU": {"352", ""}, "LV": {"371", ""}, "MT": {"356", ""},
	"NL": {"31", "0"}, "NO": {"47", ""}, "NZ": {"64", "0"}, "PL": {"48", ""}, "PT": {"351", ""}, "RO": {"40", "0"}, "SE": {"46", "0"},
	"SI": {"386", "0"}, "SK": {"421", "0"}, "TR": {"90", "0"}, "UA": {"380", "0"}, "US": {"1", "1"},
}

// trunks are the plans' trunks by code.
var trunks = func() map[string]string {
	all := make(map[string]string, len(plans))
	for _, p := range plans {
		all[p.code] = p.trunk
	}
	return all
}()

// Known reports whether numbers of the country can be spelt.
func Known(country string) bool {
	_, ok := plans[country]
	return ok
}

// E164 is the number as E.164 spells it, such as +46701740605; country is that of numbers which name none.
// ok is false where the text is no number that there can be.
func E164(text, country string) (number string, ok bool) {
	p, known := plans[country]
	if !known || len(text) > maxText {
		return "", false
	}
	digits, international, ok := digitsOf(text)
	if !ok {
		return "", false
	}
	if rest, ok := strings.CutPrefix(digits, "00"); ok && !international && country != "US" && country != "CA" {
		digits, international = rest, true
	}
	if international {
		digits = withoutTrunk(digits)
	} else {
		digits = p.code + strings.TrimPrefix(digits, p.trunk)
	}
	if len(digits) < fewest || len(digits) > most || digits[0] == '0' {
		return "", false
	}
	return "+" + digits, true
}

// digitsOf are the digits of a text, and whether a + is before them. Whatever people write between digits is
// passed over; what they write behind a number is no part of it.
func digitsOf(text string) (digits string, international, ok bool) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "tel:")
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && b.Len() == 0 && !international:
			international = true
		case strings.ContainsRune(" -./()\u00a0\u2010\u2011\u2012\u2013\u2014", r) || unicode.IsSpace(r):
		default:
			return "", false, false
		}
	}
	return b.String(), international, b.Len() > 0
}

// withoutTrunk leaves out the (0) that people write between the code of a country and a number.
func withoutTrunk(digits string) string {
	for n := 1; n <= 3 && n < len(digits); n++ {
		if trunks[digits[:n]] == "0" {
			return digits[:n] + strings.TrimPrefix(digits[n:], "0")
		}
	}
	return digits
}
