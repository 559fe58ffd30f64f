package phone

import (
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

func TestNumbersAreSpeltAsTheLibraryOfTheFieldSpellsThem(t *testing.T) {
	kinds := []phonenumbers.PhoneNumberType{phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.TOLL_FREE, phonenumbers.VOIP}
	for country := range plans {
		checked := 0
		for _, kind := range kinds {
			n := phonenumbers.GetExampleNumberForType(country, kind)
			if n == nil {
				continue
			}
			want := phonenumbers.Format(n, phonenumbers.E164)
			for _, format := range []phonenumbers.PhoneNumberFormat{phonenumbers.NATIONAL, phonenumbers.INTERNATIONAL, phonenumbers.E164, phonenumbers.RFC3966} {
				text := phonenumbers.Format(n, format)
				if parsed, err := phonenumbers.Parse(text, country); err != nil || phonenumbers.Format(parsed, phonenumbers.E164) != want {
					continue // a format that the library itself does not read back
				}
				if got, ok := E164(text, country); !ok || got != want {
					t.Errorf("%s: %q is %q, not %q", country, text, got, want)
				}
				checked++
			}
		}
		if checked < 8 {
			t.Errorf("%s: only %d spellings were compared", country, checked)
		}
	}
}

func TestOneNumberHasOneSpelling(t *testing.T) {
	for _, text := range []string{"070-174 06 05", "0701740605", "+46701740605", "0046 70 174 06 05", "+46 (0)70 174 06 05", "+46(0)701740605", " 070.174.06.05 ", "tel:+46-70-174-06-05", "070\u00a0174\u201106 05"} {
		if got, ok := E164(text, "SE"); !ok || got != "+46701740605" {
			t.Errorf("%q is %q", text, got)
		}
	}
	for _, text := range []string{"", " ", "+", "0", "070", "12345678901234567", "070-174 06 05 ext 7", "anna@example.com", "070-ABC DEF", "++46701740605", strings.Repeat("0", 65), "+0701740605"} {
		if got, ok := E164(text, "SE"); ok {
			t.Errorf("%q is %q", text, got)
		}
	}
	if _, ok := E164("0701740605", "XX"); ok || Known("XX") || Known("se") || !Known("SE") {
		t.Error("a country that is none")
	}
}

func TestASpellingIsItsOwnSpelling(t *testing.T) {
	countries := make([]string, 0, len(plans))
	for country := range plans {
		countries = append(countries, country)
	}
	rapid.Check(t, func(t *rapid.T) {
		country := rapid.SampledFrom(countries).Draw(t, "country")
		number, ok := E164(rapid.StringMatching(`[+0]?[0-9 ()./-]{0,20}`).Draw(t, "text"), country)
		if !ok {
			return
		}
		if again, ok := E164(number, country); !ok || again != number {
			t.Fatalf("%s became %s", number, again)
		}
	})
}
