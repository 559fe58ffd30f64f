package axema

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
	groupPage = 100 // the vendor's most
	maxGroups = 500_000
	maxEmpty  = 100 // pages after one another that name no new group
	maxToken  = 4 << 10
)

// group is what is read of a user group: where somebody lives.
type group struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	ApartmentID string `json:"apartmentId"`
	ReferenceID string `json:"referenceId"`
}

// allGroups reads every page. One that fails fails the reading: half the groups would move people out of
// their apartments.
func (s *source) allGroups(ctx context.Context) (map[string]group, error) {
	all := map[string]group{}
	seen := map[string]bool{}
	empty := 0
	for token := ""; ; {
		page, next, err := s.groupPage(ctx, token, groupPage)
		if err != nil {
			return nil, err
		}
		known := len(all)
		for _, g := range page {
			all[fold(g.ID)] = g
		}
		if empty++; len(all) > known {
			empty = 0
		}
		switch {
		case next == "":
			return all, nil
		case seen[next]:
			return nil, usersync.E(usersync.Malformed, groupsName+": its continuation tokens lead round in a circle")
		case empty >= maxEmpty:
			return nil, usersync.E(usersync.Malformed, groupsName+": 100 pages one after the other name no new group, and more are to follow")
		case len(all) > maxGroups:
			return nil, usersync.E(usersync.Malformed, groupsName+" lists more than 500000 groups")
		}
		seen[next], token = true, next
	}
}

// groupPage reads one page and the token of the next one; empty where there is none.
func (s *source) groupPage(ctx context.Context, token string, size int) (groups []group, next string, err error) {
	query := url.Values{"pageSize": {strconv.Itoa(size)}}
	if token != "" {
		query.Set("continuationToken", token)
	}
	_, err = s.session.Do(ctx, httpx.Request{
		Name: groupsName, Method: http.MethodGet, URL: s.groups + "?" + query.Encode(), Repeat: true,
		Decode: func(a httpx.Answer) (err error) {
			groups, next, err = decodeGroups(a.Body)
			return err
		},
	})
	return groups, next, wrongAddress(err)
}

// decodeGroups reads a page. Errors: Malformed.
func decodeGroups(body []byte) ([]group, string, error) {
	var answer struct {
		Groups *[]group `json:"userGroups"`
		Next   *string  `json:"continuationToken"`
	}
	if err := httpx.DecodeJSON(groupsName, body, &answer); err != nil {
		return nil, "", err
	}
	if answer.Groups == nil {
		return nil, "", usersync.E(usersync.Malformed, groupsName+" was answered without userGroups")
	}
	next := ""
	if answer.Next != nil {
		next = *answer.Next
	}
	if len(next) > maxToken {
		return nil, "", usersync.E(usersync.Malformed, groupsName+" was answered with a continuationToken longer than 4 KiB")
	}
	for i := range *answer.Groups {
		g := &(*answer.Groups)[i]
		for _, text := range []*string{&g.ID, &g.Name, &g.ApartmentID, &g.ReferenceID} {
			*text = clean(*text)
			if len(*text) > maxText {
				return nil, "", usersync.E(usersync.Malformed, groupsName+" was answered with a group of more than 16 KiB")
			}
		}
	}
	return *answer.Groups, next, nil
}

// fold is an id as ids are compared: guids are the same in whatever spelling, and so is what is none.
func fold(id string) string {
	if guid, ok := usersync.CanonicalGUID(id); ok {
		return guid
	}
	return strings.ToLower(strings.TrimSpace(id))
}
