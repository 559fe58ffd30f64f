package directory

import (
	"net/http"
	"net/url"

	"github.com/usersync/usersync/internal/usersync"
)

func (c *call) listDepartments() error {
	units, err := c.Store.Units(c.r.Context(), c.company)
	if err != nil {
		return err
	}
	answers := make([]Department, len(units))
	for i := range units {
		answers[i] = units[i].Answer()
	}
	return c.answer(http.StatusOK, answers)
}

func (c *call) getDepartment() error {
	return c.answerDepartment(func(u *Unit) bool { return u.ID == c.params[0] })
}

func (c *call) getDepartmentByExternalID() error {
	return c.answerDepartment(func(u *Unit) bool { return text(u.Request.ExternalID) == c.params[0] })
}

func (c *call) answerDepartment(is func(*Unit) bool) error {
	units, err := c.Store.Units(c.r.Context(), c.company)
	if err != nil {
		return err
	}
	unit, found := find(units, is)
	if !found {
		return usersync.E(usersync.NotFound, "no such department")
	}
	return c.answer(http.StatusOK, unit.Answer())
}

func (c *call) postDepartment() error {
	request, err := c.departmentBody()
	if err != nil {
		return err
	}
	unit, err := c.service.CreateUnit(c.r.Context(), c.company, request)
	if err == nil {
		c.w.Header().Set("Location", Prefix+"/api/Departments/"+url.PathEscape(unit.ID))
	}
	return c.answerWritten(http.StatusCreated, unit, err)
}

func (c *call) putDepartment() error {
	request, err := c.departmentBody()
	if err != nil {
		return err
	}
	unit, err := c.service.ReplaceUnit(c.r.Context(), c.company, c.params[0], request)
	return c.answerWritten(http.StatusOK, unit, err)
}

func (c *call) departmentBody() (DepartmentRequest, error) {
	raw, err := c.body()
	if err != nil {
		return DepartmentRequest{}, err
	}
	return decode[DepartmentRequest](raw)
}

// answerWritten answers with a department that was written, or was not since another has its keys.
func (c *call) answerWritten(status int, unit Unit, err error) error {
	if usersync.Is(err, usersync.Exists) {
		return c.problem(http.StatusUnprocessableEntity, usersync.Public(err))
	}
	if err != nil {
		return err
	}
	return c.answer(status, unit.Answer())
}
