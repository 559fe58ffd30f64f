package directory

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

func (c *call) listUsers() error {
	limit, offset, err := c.query.page()
	if err != nil {
		return err
	}
	show, err := c.query.include()
	if err != nil {
		return err
	}
	users, err := c.Store.Users(c.r.Context(), c.company, offset, limit)
	if err != nil {
		return err
	}
	if len(users) == 0 {
		first := users
		if offset > 0 {
			if first, err = c.Store.Users(c.r.Context(), c.company, 0, 1); err != nil {
				return err
			}
		}
		if len(first) == 0 {
			c.w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	return c.answerUsers(users, show)
}

func (c *call) listChanges() error {
	since, err := time.Parse(time.DateOnly, c.params[0])
	if err != nil {
		return invalid("fromDate", "must be a date as YYYY-MM-DD")
	}
	show, err := c.query.include()
	if err != nil {
		return err
	}
	users, err := c.Store.UsersChanged(c.r.Context(), c.company, since)
	if err != nil {
		return err
	}
	if len(users) == 0 {
		return usersync.E(usersync.NotFound, "no changes since "+since.Format(time.DateOnly))
	}
	return c.answerUsers(users, show)
}

func (c *call) getUser() error {
	show, err := c.query.include()
	if err != nil {
		return err
	}
	by, err := c.query.lookUp(ByAny, false)
	if err != nil {
		return err
	}
	u, err := c.service.User(c.r.Context(), c.company, by, c.params[0])
	if usersync.Is(err, usersync.NotFound) {
		return c.problem(http.StatusNotFound, usersync.Public(err))
	}
	if err != nil {
		return err
	}
	return c.answerUser(http.StatusOK, u, show)
}

func (c *call) postUser() error {
	patch, err := c.userBody()
	if err != nil {
		return err
	}
	u, created, err := c.service.CreateOrUpdate(c.r.Context(), c.company, patch)
	if err != nil {
		return err
	}
	c.w.Header().Set("Location", Prefix+"/api/Users/"+url.PathEscape(u.ID))
	if created {
		return c.answerUser(http.StatusCreated, u, Everything)
	}
	return c.answerUser(http.StatusOK, u, Everything)
}

func (c *call) putUser() error {
	patch, err := c.userBody()
	if err != nil {
		return err
	}
	u, err := c.service.Replace(c.r.Context(), c.company, c.params[0], patch)
	if err != nil {
		return err
	}
	return c.answerUser(http.StatusOK, u, Everything)
}

func (c *call) userBody() (Patch, error) {
	raw, err := c.body()
	if err != nil {
		return Patch{}, err
	}
	return DecodeUser(raw)
}

func (c *call) activate() error   { return c.setActive(true, "the user is active") }
func (c *call) deactivate() error { return c.setActive(false, "the user is deactivated") }

func (c *call) setActive(active bool, done string) error {
	by, err := c.query.lookUp(ByAny, true)
	if err != nil {
		return err
	}
	if _, err := c.service.SetActive(c.r.Context(), c.company, by, c.params[0], active); err != nil {
		return err
	}
	return c.answer(http.StatusOK, done)
}

func (c *call) listRoles() error {
	by, err := c.query.lookUp(ByID, false)
	if err != nil {
		return err
	}
	u, err := c.service.User(c.r.Context(), c.company, by, c.params[0])
	if err != nil {
		return err
	}
	roles := make([]UserRoleResponse, len(u.Request.UserRoles))
	for i := range roles {
		roles[i] = answerRole(u.ID, &u.Request.UserRoles[i])
	}
	return c.answer(http.StatusOK, roles)
}

func (c *call) postRole() error {
	by, err := c.query.lookUp(ByID, false)
	if err != nil {
		return err
	}
	raw, err := c.body()
	if err != nil {
		return err
	}
	request, err := decode[UserRoleRequest](raw)
	if err != nil {
		return err
	}
	u, role, err := c.service.AddRole(c.r.Context(), c.company, by, c.params[0], request)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, answerRole(u.ID, &role))
}

func (c *call) answerUser(status int, u User, show Include) error {
	units, err := c.unitsOf([]User{u})
	if err != nil {
		return err
	}
	a, err := u.Answer(units, show)
	if err != nil {
		return err
	}
	return c.answer(status, a)
}

func (c *call) answerUsers(users []User, show Include) error {
	units, err := c.unitsOf(users)
	if err != nil {
		return err
	}
	answers := make([]WebsakUser, len(users))
	for i := range users {
		if answers[i], err = users[i].Answer(units, show); err != nil {
			return err
		}
	}
	return c.answer(http.StatusOK, answers)
}

// unitsOf reads the company's departments where any of the users has one.
func (c *call) unitsOf(users []User) ([]Unit, error) {
	if !slices.ContainsFunc(users, func(u User) bool { return u.Unit != "" }) {
		return nil, nil
	}
	return c.Store.Units(c.r.Context(), c.company)
}
