package axema

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

const (
	maxUser = 1 << 20  // bytes of one element
	maxText = 16 << 10 // bytes of one property
	maxName = 256      // runes of a name
)

// user is what is read of a user account.
type user struct {
	UserID      string `json:"userId"`
	Name        string `json:"name"`
	Email       string `json:"email"`
	UserGroupID string `json:"userGroupId"`
}

// bounded is a reader that allows for so many more bytes.
type bounded struct {
	from io.Reader
	left int64
}

var errTooMuch = errors.New("an element is too large")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// decodeUsers reads {"userAccounts":[…]} as it comes, and calls each with every element and its number, from 1.
// Memory is bounded by an element. Errors: Malformed, those of body and of each.
func decodeUsers(body io.Reader, each func(row int, text []byte) error) error {
	in := &bounded{from: body, left: maxUser}
	d := json.NewDecoder(in)
	d.UseNumber() // one that is too large is no fault of what nobody reads
	if err := findUsers(d, in); err != nil {
		return err
	}
	for row := 1; d.More(); row++ {
		in.left = maxUser
		var text json.RawMessage
		if err := d.Decode(&text); err != nil {
			return unreadable(err)
		}
		if err := each(row, text); err != nil {
			return err
		}
	}
	return ends(d, in)
}

// ends reads the list's end and what follows it: an answer that is cut is none.
func ends(d *json.Decoder, in *bounded) error {
	for depth := 2; depth > 0; { // the list, and the object that it is in
		in.left = maxUser
		token, err := d.Token()
		if err != nil {
			return unreadable(err)
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	if _, err := d.Token(); err != io.EOF {
		return unreadable(cmp.Or(err, error(io.ErrUnexpectedEOF)))
	}
	return nil
}

// findUsers reads up to the beginning of the list.
func findUsers(d *json.Decoder, in *bounded) error {
	if token, err := d.Token(); err != nil {
		return unreadable(err)
	} else if token != json.Delim('{') {
		return noList()
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return unreadable(err)
		}
		if text, _ := name.(string); strings.EqualFold(text, "userAccounts") {
			if token, err := d.Token(); err != nil {
				return unreadable(err)
			} else if token != json.Delim('[') {
				return noList()
			}
			return nil
		}
		in.left = maxUser
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			return unreadable(err)
		}
	}
	return noList()
}

func noList() error {
	return usersync.E(usersync.Malformed, usersName+" was answered without a list userAccounts")
}

// unreadable tells an answer that is none from a connection that broke, whose error the caller knows better.
func unreadable(err error) error {
	_, syntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case errors.Is(err, errTooMuch):
		return usersync.E(usersync.Malformed, usersName+" was answered with a user of more than 1 MiB")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return usersync.E(usersync.Malformed, usersName+" was answered with JSON that is broken or cut off")
	case syntax:
		return usersync.E(usersync.Malformed, usersName+" was answered with HTML, XML or something else that is no JSON, or with JSON that is broken")
	}
	return err
}

// entry makes a person of an element, or says why it is none.
func entry(row int, text []byte, groups map[string]group) usersync.Entry {
	var u user
	if err := httpx.DecodeJSON(usersName, text, &u); err != nil {
		return fault(row, text, err)
	}
	p := &usersync.Person{ID: fold(u.UserID), DisplayName: clean(u.Name)}
	p.Emails.Work = strings.TrimSpace(u.Email)
	p.Name.FamilyName, p.Name.GivenName = split(p.DisplayName)
	e := usersync.Listed(p, row)
	if e.Person == nil {
		return e
	}
	switch {
	case utf8.RuneCountInString(p.DisplayName) > maxName:
		return usersync.Entry{Key: e.Key, Fault: "name is longer than 256 characters"}
	case len(p.Emails.Work) > maxText || strings.ContainsFunc(p.Emails.Work, unicode.IsControl):
		return usersync.Entry{Key: e.Key, Fault: "email is too long or holds control characters"}
	}
	join(p, u.UserGroupID, groups)
	return e
}

// fault is an element that is no user: with its id where it has one, so that its outcome names it.
func fault(row int, text []byte, err error) usersync.Entry {
	why := "it is no user account"
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](json.Unmarshal(text, &user{})); ok && wrong.Field != "" {
		why = wrong.Field + " has the wrong type"
	}
	var id struct {
		UserID any `json:"userId"`
	}
	_ = json.Unmarshal(text, &id) // what has no id is named by its row
	if known, _ := id.UserID.(string); usersync.KeyFault(fold(known)) == "" {
		return usersync.Entry{Key: fold(known), Fault: why}
	}
	return usersync.Entry{Key: usersync.RowKey(row), Keyless: true, Fault: why}
}

// join says where the person lives, as far as their group is known.
func join(p *usersync.Person, id string, groups map[string]group) {
	if id = clean(id); id == "" || len(id) > usersync.MaxKey {
		return
	}
	g := groups[fold(id)]
	p.Groups = []usersync.Group{{ID: fold(id), Name: g.Name}}
	for name, text := range map[string]string{"groupName": g.Name, "apartmentId": g.ApartmentID, "referenceId": g.ReferenceID} {
		if text == "" {
			continue
		}
		if p.Attributes == nil {
			p.Attributes = map[string]string{}
		}
		p.Attributes[name] = text
	}
}

// split parts a name as VAKA writes it, "Last name, First name". Without a comma the last word is the family name.
func split(name string) (family, given string) {
	if family, given, ok := strings.Cut(name, ","); ok {
		return strings.TrimSpace(family), strings.TrimSpace(given)
	}
	last := strings.LastIndexByte(name, ' ')
	return name[last+1:], strings.TrimSpace(name[:max(last, 0)])
}

// clean is text for one line: control characters are spaces, and spaces are single.
func clean(text string) string {
	spaced := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(spaced), " ")
}
