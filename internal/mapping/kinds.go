package mapping

import (
	"math"
	"reflect"

	"github.com/expr-lang/expr/ast"

	"github.com/usersync/usersync/internal/usersync"
)

// shape is what a value is like, as far as fields tell values apart: one bit each. Zero is not known.
type shape uint8

const (
	isText shape = 1 << iota
	isBool
	isNumber
	isList
	isObject
	isPart     // of the person, such as name: no value of a record
	isFunction // no value of a record either

	isValue = isPart - 1 // whatever a record can hold
)

// String is the shape in the words of faults: what an expression gives.
func (s shape) String() string {
	switch s {
	case isText:
		return "text"
	case isBool:
		return "true or false"
	case isNumber:
		return "a number"
	case isList:
		return "a list"
	case isObject:
		return "an object"
	case isFunction:
		return "a function"
	}
	return "a part of the person"
}

// takes is which values a field takes, and of lists which elements.
type takes struct {
	kind           usersync.FieldKind
	value, element shape // sets
}

func takesOf(kind usersync.FieldKind) takes {
	t := takes{kind, isList, isValue}
	switch kind {
	case usersync.FieldText:
		t.value = isText
	case usersync.FieldBool:
		t.value = isBool
	case usersync.FieldScalar:
		t.value = isText | isBool | isNumber
	case usersync.FieldTexts:
		t.element = isText
	case usersync.FieldWholeNumbers:
		t.element = isNumber
	case usersync.FieldObjects:
		t.element = isObject
	default:
		t.value = isValue
	}
	return t
}

// instead says that one thing is given and another taken.
func (t *takes) instead(gives string) string {
	return gives + ", and the field takes " + t.kind.String()
}

// misfit says what a record's value is that the field does not take; empty where it takes it.
func (t *takes) misfit(v any) string {
	s := shapeOf(v)
	if s&t.value == 0 {
		return s.String()
	}
	if s != isList || t.element == isValue {
		return ""
	}
	for _, element := range v.([]any) {
		s := shapeOf(element)
		switch {
		case s&t.element == 0:
			return listWith(s.String())
		case t.kind == usersync.FieldWholeNumbers && !whole(element):
			return listWith("a number that is not whole or has more than 32 bits")
		}
	}
	return ""
}

func listWith(what string) string { return "a list with " + what + " in it" }

// shapeOf is the shape of a record's value.
func shapeOf(v any) shape {
	switch v.(type) {
	case string:
		return isText
	case bool:
		return isBool
	case int, float64:
		return isNumber
	case []any:
		return isList
	}
	return isObject
}

// whole reports whether a number is a whole one of 32 bits, as 4 / 2 is.
func whole(v any) bool {
	n, is := v.(float64)
	if !is {
		n = float64(v.(int))
	}
	return n == math.Trunc(n) && n >= math.MinInt32 && n <= math.MaxInt32
}

// verdict judges an expression before anybody is mapped by it. fits: it may give a value that the field takes. Where
// it cannot, gives says what it gives instead; empty where it only ever gives nil.
func (t *takes) verdict(node ast.Node) (fits bool, gives string) {
	switch n := node.(type) {
	case *ast.NilNode:
		return false, ""
	case *ast.ChainNode:
		return t.verdict(n.Node)
	case *ast.ConditionalNode:
		return t.either(n.Exp1, n.Exp2)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return t.either(n.Left, n.Right)
		}
	case *ast.CallNode:
		if calls(n, "default") {
			return t.either(n.Arguments[0], n.Arguments[1])
		}
	case *ast.ArrayNode:
		return t.list(n.Nodes)
	case *ast.ConstantNode: // a list of constants
		value, fault := recordValue(n.Value, 0)
		if value == nil {
			return fault != "", ""
		}
		gives = t.misfit(value)
		return gives == "", gives
	}
	return t.typed(typeOf(node))
}

// either judges an expression that gives what one or the other of two gives.
func (t *takes) either(one, other ast.Node) (fits bool, gives string) {
	fits, gives = t.verdict(one)
	fitsToo, more := t.verdict(other)
	switch {
	case gives == "":
		gives = more
	case more != "" && more != gives:
		gives += " or " + more
	}
	return fits || fitsToo, gives
}

// list judges a list that is written out: every element has to fit, or to be nil.
func (t *takes) list(elements []ast.Node) (fits bool, gives string) {
	if t.value&isList == 0 {
		return false, isList.String()
	}
	within := &takes{value: t.element, element: isValue}
	for _, element := range elements {
		if fits, gives := within.verdict(element); !fits && gives != "" {
			return false, listWith(gives)
		}
	}
	return true, ""
}

// typed judges an expression by its type.
func (t *takes) typed(of reflect.Type) (fits bool, gives string) {
	s := shapeOfType(of)
	switch {
	case s == 0:
		return true, ""
	case s&t.value == 0:
		return false, s.String()
	case s == isList:
		if element := shapeOfType(of.Elem()); element != 0 && element&t.element == 0 {
			return false, listWith(element.String())
		}
	}
	return true, ""
}
