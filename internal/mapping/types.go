package mapping

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
)

// shapeOfType is the shape of an expression's values by their type; zero where the type does not say.
func shapeOfType(t reflect.Type) shape {
	t = pointed(t)
	switch t.Kind() {
	case reflect.String:
		return isText
	case reflect.Bool:
		return isBool
	case reflect.Int, reflect.Float64:
		return isNumber
	case reflect.Slice:
		return isList
	case reflect.Map:
		return isObject
	case reflect.Interface:
		return 0
	case reflect.Func:
		return isFunction
	}
	if t == reflect.TypeFor[group]() {
		return isObject
	}
	return isPart
}

var unknownType = reflect.TypeFor[any]()

// typeOf is the type of an expression's value wherever that is neither nil nor an error. The compiler's types are
// not enough: of two branches it takes the type of one, and of a list with several types that of the last element.
func typeOf(node ast.Node) reflect.Type {
	switch n := node.(type) {
	case *ast.ChainNode:
		return typeOf(n.Node)
	case *ast.ConditionalNode:
		return common(n.Exp1, n.Exp2)
	case *ast.BinaryNode:
		switch n.Operator {
		case "??":
			return common(n.Left, n.Right)
		case "+", "-", "*", "and", "&&", "or", "||":
			if vague(n.Left) || vague(n.Right) {
				return unknownType
			}
		}
	case *ast.UnaryNode:
		if n.Operator == "+" { // gives whatever it is put before
			return typeOf(n.Node)
		}
	case *ast.SliceNode:
		return typeOf(n.Node)
	case *ast.MemberNode:
		if vague(n.Node) {
			return unknownType
		}
	case *ast.CallNode:
		if calls(n, "default") || calls(n, "first") && vague(n.Arguments[0]) {
			return unknownType
		}
	}
	return node.Type()
}

// common is the type that two expressions have, unknown where they differ.
func common(one, other ast.Node) reflect.Type {
	a, b := pointed(typeOf(one)), pointed(typeOf(other))
	if a != b {
		return unknownType
	}
	return a
}

// pointed is the type that a pointer points to, and any other type itself.
func pointed(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// vague reports whether nothing is known of what an expression gives, or of what is within that.
func vague(node ast.Node) bool {
	t := typeOf(node)
	switch t.Kind() {
	case reflect.Slice, reflect.Map:
		t = t.Elem()
	}
	return t.Kind() == reflect.Interface
}

// calls reports whether a call is one of the named function.
func calls(call *ast.CallNode, function string) bool {
	callee, named := call.Callee.(*ast.IdentifierNode)
	return named && callee.Value == function
}
