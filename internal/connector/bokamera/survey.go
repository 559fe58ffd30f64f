package bokamera

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

const (
	pageSize    = 500
	maxPage     = 20_000 // customers in one answer
	maxSearched = 10_000 // customers that one search is followed through
)

// listed is what is read of a customer.
type listed struct {
	ID        string `json:"Id"`
	Firstname string
	Lastname  string
	Email     string
	Phone     string
}

// page is an answer to a list.
type page struct {
	Total   *int
	Results []listed
}

// claimsAll reports whether so many customers are all, by the server's own word. It is not believed while more follow:
// a Total may be that of the page.
func (p *page) claimsAll(so int) bool { return p.Total != nil && so >= *p.Total }

// Survey lists customers by Skip, until a page is empty: a short one may be capped. The cursor says how many there were,
// and whether the pages go round: a server that gives a page again does not know Skip, which does no harm where the
// page is all that there is.
func (t *target) Survey(ctx context.Context, at usersync.Cursor) (usersync.SurveyPage, error) {
	skip, lap, ok := positionAt(at)
	if !ok {
		return usersync.SurveyPage{}, usersync.E(usersync.Malformed, "the cursor of "+listName+" is none")
	}
	answer, err := t.list(ctx, url.Values{"Skip": {strconv.Itoa(skip)}, "Take": {strconv.Itoa(pageSize)}, "OrderBy": {"Id"}, "Include": {"Total"}})
	if err != nil {
		return usersync.SurveyPage{}, err
	}
	var surveyed usersync.SurveyPage
	for _, c := range answer.Results {
		surveyed.Records = append(surveyed.Records, usersync.Surveyed{ID: c.ID, Keys: t.keys(c.Email, c.Phone)})
	}
	skip += len(answer.Results)
	if len(answer.Results) == 0 {
		return usersync.SurveyPage{Last: true}, nil
	}
	next, again := lap.Next(usersync.HashKey("page", answer.Results[0].ID).String(), len(answer.Results))
	switch {
	case again && answer.claimsAll(skip):
		return usersync.SurveyPage{Last: true}, nil
	case again:
		return usersync.SurveyPage{}, usersync.E(usersync.Malformed, listName+" gives the same page again, whatever Skip says")
	}
	surveyed.Next = usersync.Cursor(strconv.Itoa(skip) + " " + next.String())
	return surveyed, nil
}

// positionAt reads a cursor: how many customers there were, and the lap of their pages.
func positionAt(at usersync.Cursor) (skip int, lap httpx.Lap, ok bool) {
	if at == "" {
		return 0, lap, true
	}
	text, rest, _ := strings.Cut(string(at), " ")
	skip, err := strconv.Atoi(text)
	lap, ok = httpx.LapOf(rest)
	return skip, lap, ok && err == nil && skip >= 0
}

// list asks for customers.
func (t *target) list(ctx context.Context, query url.Values) (answer page, err error) {
	_, err = t.session.Do(ctx, httpx.Request{
		Name: listName, Method: http.MethodGet, URL: t.base + customersPath + "?" + query.Encode(), Repeat: true,
		Decode: func(a httpx.Answer) (err error) {
			answer, err = decodePage(a.Body)
			return err
		},
	})
	if usersync.Is(err, usersync.NotFound) || usersync.Is(err, usersync.Rejected) {
		err = usersync.E(usersync.Malformed, usersync.Public(err)+"; url must be the address before "+customersPath)
	}
	return answer, err
}

// decodePage reads a page. A customer who cannot be read makes it none: overlooked, they would be created again.
func decodePage(body []byte) (page, error) {
	var answer struct {
		Total          *int
		Results        *[]listed
		ResponseStatus struct{ ErrorCode string }
	}
	if err := httpx.DecodeJSON(listName, body, &answer); err != nil {
		return page{}, err
	}
	switch {
	case answer.ResponseStatus.ErrorCode != "":
		return page{}, usersync.E(usersync.Malformed, listName+" was answered with an error"+refusal(body))
	case answer.Results == nil:
		return page{}, usersync.E(usersync.Malformed, listName+" was answered without Results")
	case len(*answer.Results) > maxPage:
		return page{}, usersync.E(usersync.Malformed, listName+" was answered with more than 20000 customers")
	}
	for i := range *answer.Results {
		if fault := usersync.KeyFault((*answer.Results)[i].ID); fault != "" {
			return page{}, usersync.E(usersync.Malformed, listName+" was answered with a customer that is none: "+fault)
		}
	}
	return page{answer.Total, *answer.Results}, nil
}
