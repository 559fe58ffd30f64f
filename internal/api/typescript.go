package api

import (
	"context"
	"slices"
	"strings"
	"unicode"
)

// typeScript gives the types as ServiceStack's own tool fetches them; the options of its header that matter here
// are honoured.
func (s *server) typeScript(_ context.Context, c *call) (any, error) {
	base, ok := c.in.values["BaseUrl"]
	if !ok || base.text == "" {
		base.text = c.origin
	}
	included := strings.FieldsFunc(c.in.values["IncludeTypes"].text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if strings.ContainsFunc(base.text, func(r rune) bool { return unicode.IsControl(r) || r == '*' }) {
		c.in.fault("BaseUrl", "'BaseUrl' must be an address")
	}
	if err := c.in.err(); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("/* Options:\nVersion: 8.0\nTip: To override a DTO option, remove \"//\" prefix before updating\nBaseUrl: " + base.text + "\n\n")
	if len(included) > 0 {
		b.WriteString("IncludeTypes: " + strings.Join(typeNames(included), ",") + "\n")
	} else {
		b.WriteString("//IncludeTypes: \n")
	}
	b.WriteString("*/\n" + serviceStackTypes)
	wanted := closure(included)
	for _, schema := range schemas {
		if wanted(schema.name) {
			class(&b, schema.name, "", schema.properties, "")
		}
	}
	for _, o := range requests() {
		if wanted(o.name) {
			requestClass(&b, o)
		}
	}
	return plainText(b.String()), nil
}

// requests are the operations that ServiceStack's clients know, each once.
func requests() []*operation { return []*operation{createJob, queryJobs, getJob, outcomes, cancelJob} }

// typeNames leaves out what is none: the header is a comment that nobody may end.
func typeNames(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return strings.ContainsFunc(name, func(r rune) bool {
			return !(unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.' || r == '*')
		}) || strings.Contains(name, "*/")
	})
}

// closure says of a type whether it is wanted: all are where none is named; Name.* means what Name needs, too.
func closure(names []string) func(string) bool {
	if len(names) == 0 {
		return func(string) bool { return true }
	}
	all := map[string]bool{}
	for _, name := range names {
		plain, deep := strings.CutSuffix(name, ".*")
		all[plain] = true
		if !deep {
			continue
		}
		for _, o := range requests() {
			if o.name == plain {
				all[o.answers] = true
			}
		}
		for _, s := range slices.Backward(schemas) { // what holds others comes after them
			for _, p := range s.properties {
				if all[s.name] && p.kind == list {
					all[p.of] = true
				}
			}
		}
	}
	return func(name string) bool { return all[name] }
}

// class writes a type.
func class(b *strings.Builder, name, implements string, properties []property, methods string) {
	b.WriteString("\nexport class " + name + implements + "\n{\n")
	for _, p := range properties {
		optional := ""
		if p.optional {
			optional = "?"
		}
		if p.says != "" {
			b.WriteString("    /** @description " + p.says + " */\n")
		}
		b.WriteString("    public " + p.name + optional + ": " + p.typeScript() + ";\n")
	}
	b.WriteString("\n    public constructor(init?: Partial<" + name + ">) { (Object as any).assign(this, init); }\n" + methods + "}\n")
}

// requestClass writes the type of an operation's input, with the routes that it has.
func requestClass(b *strings.Builder, o *operation) {
	method := "GET"
	for i := range routes {
		for m, of := range routes[i].methods {
			if of == o && !strings.HasPrefix(routes[i].pattern, "/json/") && !strings.HasPrefix(routes[i].pattern, "/api/") {
				method = m
				b.WriteString("\n// @Route(\"" + routes[i].pattern + "\", \"" + m + "\")")
			}
		}
	}
	verb := map[string]string{"GET": "IGet", "POST": "IPost"}[method]
	class(b, o.name, " implements IReturn<"+o.answers+">, "+verb, o.inputsOf(),
		"    public getTypeName() { return '"+o.name+"'; }\n    public getMethod() { return '"+method+"'; }\n    public createResponse() { return new "+o.answers+"(); }\n")
}

// serviceStackTypes are those that every generated file begins with.
const serviceStackTypes = `

export interface IReturn<T>
{
    createResponse(): T;
}

export interface IReturnVoid
{
    createResponse(): void;
}

export interface IGet
{
}

export interface IPost
{
}

export class ResponseError
{
    public ErrorCode: string;
    public FieldName: string;
    public Message: string;
    public Meta: { [index: string]: string; };

    public constructor(init?: Partial<ResponseError>) { (Object as any).assign(this, init); }
}

export class ResponseStatus
{
    public ErrorCode: string;
    public Message: string;
    public StackTrace: string;
    public Errors: ResponseError[];
    public Meta: { [index: string]: string; };

    public constructor(init?: Partial<ResponseStatus>) { (Object as any).assign(this, init); }
}
`
