package directory

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query is a request's query by parameter name in lower case; of one that comes twice the first counts.
type query map[string]string

// readQuery takes the operation's own parameters, so that none is read which is not described.
func (o *operation) readQuery(raw string) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, invalid("the query", "is not well formed")
	}
	q := query{}
	for name, list := range values {
		if slices.ContainsFunc(o.query, func(p parameter) bool { return strings.EqualFold(p.name, name) }) {
			q[strings.ToLower(name)] = list[0]
		}
	}
	return q, nil
}

// number is a parameter between least and most. Errors: Validation, naming it.
func (q query) number(name string, otherwise, least, most int) (int, error) {
	raw, given := q[strings.ToLower(name)]
	if !given {
		return otherwise, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < least || n > most {
		return 0, invalid(name, "must be a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
	}
	return n, nil
}

// flag is a parameter that is true or false, in any letter case; false where it is not given.
func (q query) flag(name string) (bool, error) {
	raw, given := q[strings.ToLower(name)]
	switch {
	case !given || strings.EqualFold(raw, "false"):
		return false, nil
	case strings.EqualFold(raw, "true"):
		return true, nil
	}
	return false, invalid(name, "must be true or false")
}

// The bounds of limit and offset.
const (
	defaultLimit = 100
	maxLimit     = 10000
	maxOffset    = math.MaxInt32
)

// page is limit and offset.
func (q query) page() (limit, offset int, err error) {
	if limit, err = q.number("limit", defaultLimit, 1, maxLimit); err == nil {
		offset, err = q.number("offset", 0, 0, maxOffset)
	}
	return limit, offset, err
}

// include is the three switches.
func (q query) include() (show Include, err error) {
	if show.Emails, err = q.flag("includeEmailAddresses"); err != nil {
		return show, err
	}
	if show.Access, err = q.flag("includeUserAccess"); err != nil {
		return show, err
	}
	show.Roles, err = q.flag("includeRoles")
	return show, err
}

// lookUp is how a route finds its user: as lookupField names it, or else in the route's own way.
// Where gidID is set the route also knows that name for the id.
func (q query) lookUp(otherwise LookUp, gidID bool) (LookUp, error) {
	raw, given := q["lookupfield"]
	switch {
	case !given:
		return otherwise, nil
	case raw == "":
		return "", invalid("lookupField", "is empty")
	case gidID && strings.EqualFold(raw, "gidid"):
		return ByID, nil
	}
	return lookUpBy(&raw)
}
