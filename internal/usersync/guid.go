package usersync

import "encoding/hex"

// nilGUID names nobody: a claim or a field that holds it is as good as empty.
const nilGUID = "00000000-0000-0000-0000-000000000000"

// CanonicalGUID reads a guid with or without dashes, with or without braces, in any case, and spells
// it in lower case with dashes. A guid of zeros is one too. It is false for everything else.
func CanonicalGUID(text string) (string, bool) {
	if len(text) > 2 && text[0] == '{' && text[len(text)-1] == '}' {
		text = text[1 : len(text)-1]
	}
	if len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' {
		text = text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:]
	}
	if len(text) != 32 {
		return "", false
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return "", false
	}
	t := hex.EncodeToString(raw)
	return t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:], true
}

// CompanyGUID is CanonicalGUID for a place where zeros mean nobody: they give an empty text.
func CompanyGUID(text string) (string, bool) {
	id, ok := CanonicalGUID(text)
	if id == nilGUID {
		id = ""
	}
	return id, ok
}
