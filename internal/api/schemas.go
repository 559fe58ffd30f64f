package api

import "strings"

// The names of the schemas, as ServiceStack names the types.
const (
	jobSchema      = "AxemaUserSyncJobResponse"
	jobsSchema     = "AxemaUserSyncJobsResponse"
	outcomesSchema = "AxemaUserSyncOutcomesResponse"
	outcomeSchema  = "AxemaUserSyncOutcome"
	healthSchema   = "HealthResponse"
	errorSchema    = "ErrorResponse"
)

// property is a field of an input or an answer.
type property struct {
	name        string
	kind        kind
	optional    bool
	least, most int    // of a number; both zero: no bounds
	of          string // of a list: the schema of its elements
	unbuilt     bool   // recognised, and refused
	pattern     string // of a text; empty: any
	says        string
}

// kind is a property's type.
type kind int

const (
	text kind = iota
	guid
	moment
	number
	flag
	list
	texts
	oneOf // of is what it may be, divided by spaces
)

// inputs are the properties that operations take, by name.
var inputs = map[string]property{
	"Id":              {name: "Id", kind: guid, says: "The job"},
	"CompanyId":       {name: "CompanyId", kind: guid, optional: true, says: "The company; absent, empty or all zeros: the login's"},
	"DryRun":          {name: "DryRun", kind: flag, optional: true, unbuilt: true, says: "Not supported yet"},
	"Full":            {name: "Full", kind: flag, optional: true, says: "Write everybody again, also the unchanged"},
	"ApproveRemovals": {name: "ApproveRemovals", kind: number, optional: true, unbuilt: true, says: "Not supported yet"},
	"Status":          {name: "Status", kind: number, optional: true, most: 3, says: "0 Pending, 1 Processing, 2 Completed, 3 Failed"},
	"Skip":            {name: "Skip", kind: number, optional: true, most: maxSkip},
	"Take":            {name: "Take", kind: number, optional: true, least: 1, most: maxTake},
	"Action":          {name: "Action", kind: oneOf, optional: true, of: "created updated removed failed skipped"},
	"BaseUrl":         {name: "BaseUrl", kind: text, optional: true, pattern: `^[^\u0000-\u001f\u007f-\u009f*]*$`},
	"IncludeTypes":    {name: "IncludeTypes", kind: text, optional: true},
}

// schemas are the answers, in the order in which they are listed.
var schemas = []struct {
	name       string
	properties []property
}{
	{jobSchema, []property{
		{name: "Id", kind: guid}, {name: "CompanyId", kind: guid}, {name: "Status", kind: number, most: 3}, {name: "StatusName", kind: text},
		counted("UsersFound"), counted("UsersCreated"), counted("UsersUpdated"), counted("UsersUnchanged"), counted("UsersRemoved"), counted("UsersFailed"), counted("UsersSkipped"),
		{name: "ErrorMessage", kind: text, optional: true}, {name: "CreatedDate", kind: moment}, {name: "UpdatedDate", kind: moment},
	}},
	{jobsSchema, []property{{name: "Results", kind: list, of: jobSchema}}},
	{outcomeSchema, []property{
		{name: "Key", kind: text}, {name: "Action", kind: oneOf, of: "created updated removed failed skipped"},
		{name: "Fields", kind: texts, optional: true}, {name: "Reason", kind: text, optional: true},
	}},
	{outcomesSchema, []property{{name: "Offset", kind: number}, {name: "Total", kind: number}, {name: "Results", kind: list, of: outcomeSchema}}},
	{healthSchema, []property{{name: "Status", kind: text}}},
}

func counted(name string) property { return property{name: name, kind: number, optional: true} }

// inputsOf are an operation's, in the table's order.
func (o *operation) inputsOf() []property {
	var all []property
	for _, name := range o.takes {
		p := inputs[name]
		if o == outcomes && name == "Skip" {
			p.most = maxOutcomes
		}
		all = append(all, p)
	}
	return all
}

// inBody is jsonSchema for a property of a body, where null is as good as absent.
func (p *property) inBody() map[string]any {
	s := p.jsonSchema()
	if p.optional && !p.unbuilt {
		s = map[string]any{"anyOf": []any{s, map[string]any{"type": "null"}}}
	}
	return s
}

// jsonSchema is the property in JSON Schema.
func (p *property) jsonSchema() map[string]any {
	if p.unbuilt { // there, and without a value that asks for anything
		nothing := []any{nil}
		if p.kind == flag {
			nothing = append(nothing, false)
		}
		return map[string]any{"enum": nothing, "description": p.says}
	}
	s := map[string]any{}
	switch p.kind {
	case number:
		s["type"] = "integer"
		if p.least != 0 || p.most != 0 {
			s["minimum"], s["maximum"] = p.least, p.most
		}
	case flag:
		s["type"] = "boolean"
	case list:
		s["type"], s["items"] = "array", map[string]any{"$ref": "#/components/schemas/" + p.of}
	case texts:
		s["type"], s["items"] = "array", map[string]any{"type": "string"}
	default:
		s["type"] = "string"
	}
	switch p.kind {
	case guid:
		s["format"] = "uuid"
		if p.optional { // in whatever spelling, or left empty
			s = map[string]any{"anyOf": []any{map[string]any{"type": "string", "format": "uuid"}, map[string]any{"type": "string", "maxLength": 0}}}
		}
	case moment:
		s["format"] = "date-time"
	case oneOf:
		s["enum"] = strings.Fields(p.of)
	}
	if p.pattern != "" {
		s["pattern"] = p.pattern
	}
	if p.says != "" {
		s["description"] = p.says
	}
	return s
}

// typeScript is the property's type in TypeScript.
func (p *property) typeScript() string {
	switch p.kind {
	case number:
		return "number"
	case flag:
		return "boolean"
	case list:
		return p.of + "[]"
	case texts:
		return "string[]"
	}
	return "string"
}
