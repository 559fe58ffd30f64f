package bokamera

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

const customersPath = "/customers"

// What errors call the requests.
const (
	listName   = "GET " + customersPath
	createName = "POST " + customersPath
	updateName = "PUT " + customersPath + "/{Id}"
	deleteName = "DELETE " + customersPath + "/{Id}"
)

// maxAnswer is the most that is read of an answer about one customer, in bytes.
const maxAnswer = 1 << 20

// Create writes a new customer.
func (t *target) Create(ctx context.Context, r usersync.Record) (usersync.Written, error) {
	answer, err := t.write(ctx, createName, http.MethodPost, "", customer(r, nil))
	if usersync.Is(err, usersync.NotFound) {
		return usersync.Written{}, usersync.E(usersync.Malformed, usersync.Public(err)+"; url must be the address before "+customersPath)
	}
	if err != nil {
		return usersync.Written{}, err
	}
	var made struct {
		ID             string
		ResponseStatus struct{ ErrorCode string }
	}
	if err := httpx.DecodeJSON(createName, answer.Body, &made); err != nil {
		return usersync.Written{}, inDoubt(err)
	}
	if made.ID == "" && made.ResponseStatus.ErrorCode != "" { // an error, whatever the status
		return usersync.Written{}, usersync.E(usersync.Rejected, createName+" was answered with an error"+refusal(answer.Body))
	}
	if fault := usersync.KeyFault(made.ID); fault != "" {
		return usersync.Written{}, inDoubt(usersync.E(usersync.Malformed, createName+" was answered without a customer: Id: "+fault))
	}
	return usersync.Written{ID: made.ID}, nil
}

// inDoubt marks an error after which the request may have been carried out.
func inDoubt(err error) error {
	if e, ok := errors.AsType[*usersync.Error](err); ok {
		e.InDoubt = true
	}
	return err
}

// Update writes over the customer with the id; fields of the mapping that the record has no more are sent as null.
func (t *target) Update(ctx context.Context, id string, r usersync.Record) (usersync.Written, error) {
	body := customer(r, t.traits.Mapping)
	body["Id"] = id
	_, err := t.write(ctx, updateName, http.MethodPut, "/"+url.PathEscape(id), body)
	if err != nil {
		return usersync.Written{}, t.orLost(ctx, err)
	}
	return usersync.Written{ID: id, Existed: true}, nil
}

// orLost tells a customer who has vanished from a server that has lost its routes for a while: both are 404.
func (t *target) orLost(ctx context.Context, err error) error {
	if usersync.Is(err, usersync.NotFound) {
		if lost := t.Check(ctx); lost != nil {
			return lost
		}
	}
	return err
}

// Delete removes the customer, with all that BokaMera keeps about them.
func (t *target) Delete(ctx context.Context, id string) error {
	_, err := t.session.Do(ctx, httpx.Request{Name: deleteName, Method: http.MethodDelete, URL: t.base + customersPath + "/" + url.PathEscape(id), MaxBody: maxAnswer})
	return t.orLost(ctx, err)
}

// LookUp finds the one customer with the record's key, by what the vendor's search finds.
func (t *target) LookUp(ctx context.Context, r usersync.Record) (string, error) {
	key, err := t.Key(r)
	if err != nil || key == "" {
		return "", err
	}
	search := strings.TrimSpace(r.Text("Email"))
	if foldEmail(search) == "" {
		search = r.Text("Phone")
	}
	var found []string
	before := ""
	for skip := 0; skip < maxSearched; {
		page, err := t.list(ctx, url.Values{"Search": {search}, "Skip": {strconv.Itoa(skip)}, "Take": {strconv.Itoa(pageSize)}, "Include": {"Total"}})
		if err != nil {
			return "", err
		}
		if len(page.Results) == 0 || page.Results[0].ID == before {
			break
		}
		before = page.Results[0].ID
		for _, c := range page.Results {
			if t.keyOf(c.Email, c.Phone, c.Firstname, c.Lastname) == key {
				found = append(found, c.ID)
			}
		}
		skip += len(page.Results)
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", usersync.E(usersync.Rejected, "several customers have this e-mail address, phone and name")
}

// write sends a customer once. A refusal says the vendor's codes and fields, no text of theirs.
func (t *target) write(ctx context.Context, name, method, path string, body map[string]any) (httpx.Answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return httpx.Answer{}, &usersync.Error{Code: usersync.Rejected, Message: "the record cannot be written as JSON", Cause: err}
	}
	answer, err := t.session.Do(ctx, httpx.Request{Name: name, Method: method, URL: t.base + customersPath + path, Body: text, MaxBody: maxAnswer})
	if e, ok := errors.AsType[*usersync.Error](err); ok && e.Code == usersync.Rejected {
		told := *e
		told.Message += refusal(answer.Body)
		return answer, &told
	}
	return answer, err
}

// refusal is what a ServiceStack answer says of an error, by code and field; empty where it says nothing.
func refusal(body []byte) string {
	var said struct {
		ResponseStatus struct {
			ErrorCode string
			Errors    []struct{ ErrorCode, FieldName string }
		}
	}
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	var parts []string
	for _, e := range said.ResponseStatus.Errors {
		if word(e.FieldName) && word(e.ErrorCode) && len(parts) < 5 {
			parts = append(parts, e.FieldName+": "+e.ErrorCode)
		}
	}
	text := ""
	if word(said.ResponseStatus.ErrorCode) {
		text = ": " + said.ResponseStatus.ErrorCode
	}
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}

// word reports whether a text looks like the name of an error or a field: what does not may be anybody's data.
func word(text string) bool {
	return text != "" && len(text) <= 64 && strings.IndexFunc(text, func(r rune) bool {
		return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("_.[]", r))
	}) < 0
}

// numbered parts a field of a list of the vendor's, such as CustomFields.12; list is empty for any other field.
func numbered(field string) (list string, id int) {
	for _, list := range []string{"CustomFields", "AccessKeys"} {
		if rest, is := strings.CutPrefix(field, list+"."); is {
			id, _ := strconv.Atoi(rest) // the settings take no field without a number
			return list, id
		}
	}
	return "", 0
}

// customer is a record as the vendor's JSON has it; fields of the rules that it lacks are null.
func customer(r usersync.Record, rules []usersync.Rule) map[string]any {
	body := map[string]any{}
	put := func(field string, value any) {
		list, id := numbered(field)
		outer, inner, nested := strings.Cut(field, ".")
		switch {
		case list == "CustomFields":
			fields, _ := body[list].([]any)
			body[list] = append(fields, map[string]any{"Id": id, "Value": value})
		case list == "AccessKeys" && value == nil: // a key that is gone cannot be named without its id
		case list == "AccessKeys":
			keys, _ := body[list].([]any)
			body[list] = append(keys, map[string]any{"AccessKeyTypeId": id, "Value": value})
		case nested:
			within, ok := body[outer].(map[string]any)
			if !ok {
				within = map[string]any{}
				body[outer] = within
			}
			within[inner] = value
		default:
			body[field] = value
		}
	}
	for _, rule := range rules {
		if r.Get(rule.Field) == nil {
			put(rule.Field, nil)
		}
	}
	for _, f := range r {
		put(f.Name, f.Value)
	}
	return body
}
