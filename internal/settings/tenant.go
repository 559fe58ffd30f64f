package settings

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/usersync/usersync/internal/usersync"
)

// Tenant is a company's settings as a deployment keeps them.
type Tenant struct {
	Company usersync.Company
	Text    []byte // YAML that ParseTenant reads: the company alone, as it stood in the file
}

// Deployment is a settings file that was read for a deployment.
type Deployment struct {
	Tenants []Tenant
	Ignored []string // keys of the file that are the deployment's own to say: auth, network
}

// maxTenant is the longest text of one company, in bytes.
const maxTenant = 256 << 10

// ParseDeployment reads the companies of a settings file as tenants' text: what belongs to one machine
// (env: and file: references, connectors for one machine alone, other companies' secrets) is a fault.
// Errors: Faults.
func ParseDeployment(name string, text []byte, known Known) (*Deployment, error) {
	r := &reader{name: name, dir: "/", known: known, deployed: true}
	d := &Deployment{}
	if root := r.document(text); root != nil {
		aside := func(v value) { d.Ignored = append(d.Ignored, v.key.Value) }
		r.object(value{node: root}, map[string]reading{
			"auth": aside, "network": aside,
			"companies": func(v value) {
				companies := r.companies(v)
				for i, node := range v.node.Content {
					if i < len(companies) {
						d.Tenants = append(d.Tenants, r.tenant(value{node: node, path: v.path}, companies[i]))
					}
				}
			},
		}, "companies")
	}
	if len(r.faults) > 0 {
		r.faults.sort()
		return nil, r.faults
	}
	slices.Sort(d.Ignored)
	return d, nil
}

// tenant writes a company's settings as a text of their own.
func (r *reader) tenant(v value, c usersync.Company) Tenant {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(v.node); err != nil || encoder.Close() != nil {
		r.fault(v, "this cannot be written by itself")
	}
	if text.Len() > maxTenant {
		r.fault(v, "a company's settings are longer than 256 KiB")
	}
	return Tenant{Company: c, Text: text.Bytes()}
}

// ParseTenant reads one company's settings as ParseDeployment left them. Errors: Faults; those of a company with
// another id too.
func ParseTenant(id usersync.CompanyID, text []byte, known Known) (usersync.Company, error) {
	r := &reader{name: "settings", dir: "/", known: known, deployed: true}
	var c usersync.Company
	if root := r.document(text); root != nil {
		c = r.company(value{node: root, key: root}, map[usersync.CompanyID]int{})
	}
	if len(r.faults) == 0 && c.ID != id {
		r.faultAt(1, 0, "id", "this is another company's")
	}
	if len(r.faults) > 0 {
		r.faults.sort()
		return usersync.Company{}, r.faults
	}
	return c, nil
}
