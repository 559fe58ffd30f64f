package mapping

import "github.com/usersync/usersync/internal/usersync"

// person is a usersync.Person as expressions see it: every text a pointer into the original, nil
// where it is empty. Nothing is copied, so that showing a person to a rule costs next to nothing.
type person struct {
	ID                *string            `expr:"id"`
	ExternalID        *string            `expr:"externalId"`
	UserName          *string            `expr:"userName"`
	Active            *bool              `expr:"active"`
	DisplayName       *string            `expr:"displayName"`
	Title             *string            `expr:"title"`
	PreferredLanguage *string            `expr:"preferredLanguage"`
	Name              name               `expr:"name"`
	Emails            emails             `expr:"emails"`
	Phones            phones             `expr:"phones"`
	Addresses         addresses          `expr:"addresses"`
	Department        *string            `expr:"department"`
	DepartmentCode    *string            `expr:"departmentCode"`
	Groups            []group            `expr:"groups"`
	Attributes        map[string]*string `expr:"attributes"`
}

type name struct {
	GivenName  *string `expr:"givenName"`
	FamilyName *string `expr:"familyName"`
}

type emails struct {
	Work *string `expr:"work"`
}

type phones struct {
	Work   *string `expr:"work"`
	Mobile *string `expr:"mobile"`
}

type addresses struct {
	Work address `expr:"work"`
}

type address struct {
	StreetAddress *string `expr:"streetAddress"`
	PostalCode    *string `expr:"postalCode"`
	Locality      *string `expr:"locality"`
	Country       *string `expr:"country"`
}

type group struct {
	ID   *string `expr:"id"`
	Name *string `expr:"name"`
}

func (v *person) set(p *usersync.Person) {
	work := &p.Addresses.Work
	*v = person{
		ID:                text(&p.ID),
		ExternalID:        text(&p.ExternalID),
		UserName:          text(&p.UserName),
		Active:            p.Active,
		DisplayName:       text(&p.DisplayName),
		Title:             text(&p.Title),
		PreferredLanguage: text(&p.PreferredLanguage),
		Name:              name{text(&p.Name.GivenName), text(&p.Name.FamilyName)},
		Emails:            emails{text(&p.Emails.Work)},
		Phones:            phones{text(&p.Phones.Work), text(&p.Phones.Mobile)},
		Addresses: addresses{address{
			text(&work.StreetAddress), text(&work.PostalCode), text(&work.Locality), text(&work.Country),
		}},
		Department:     text(&p.Department),
		DepartmentCode: text(&p.DepartmentCode),
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		v.Groups = append(v.Groups, group{text(&g.ID), text(&g.Name)})
	}
	if len(p.Attributes) > 0 {
		v.Attributes = make(map[string]*string, len(p.Attributes))
		for key, value := range p.Attributes {
			v.Attributes[key] = text(&value)
		}
	}
}

func text(s *string) *string {
	if *s == "" {
		return nil
	}
	return s
}
