package mapping

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/usersync/usersync/internal/phone"
	"github.com/usersync/usersync/internal/usersync"
)

// What a rule may be at most. No rule that somebody means comes near them.
const (
	maxField = 128  // bytes
	maxExpr  = 4096 // bytes
	maxNodes = 256  // of the expression's tree

	maxPattern = 128 // bytes
)

// Check says what is wrong with a rule for a field of the kind, with the place within its expression; empty where
// nothing is.
func Check(rule usersync.Rule, kind usersync.FieldKind) (fault string) {
	takes := takesOf(kind)
	_, fault = compile(rule, &takes)
	return fault
}

// compile compiles one rule for a field that takes so much, or says what is wrong with it.
func compile(rule usersync.Rule, takes *takes) (program *vm.Program, fault string) {
	switch {
	case strings.TrimSpace(rule.Field) == "":
		return nil, "a rule without a field"
	case fieldLabel(rule.Field) != rule.Field:
		return nil, "this cannot be the name of a field"
	case strings.TrimSpace(rule.Expr) == "":
		return nil, "the expression is empty"
	case len(rule.Expr) > maxExpr:
		return nil, fmt.Sprintf("the expression is longer than %d bytes", maxExpr)
	case !utf8.ValidString(rule.Expr):
		return nil, "the expression is not valid UTF-8"
	}
	// The limits are held to a tree of their own: a patch of the compiler's would have it take the types of calls for
	// known, and look at no argument again.
	limits := &limits{}
	if tree, err := parser.Parse(rule.Expr); err == nil {
		ast.Walk(&tree.Node, limits)
	}
	if limits.fault != "" {
		return nil, limits.fault
	}
	program, err := expr.Compile(rule.Expr, append(functions(), expr.Env(new(person)), expr.MaxNodes(maxNodes))...)
	if err != nil {
		return nil, place(err)
	}
	if fits, gives := takes.verdict(program.Node()); !fits && gives != "" {
		return nil, "the expression gives " + takes.instead(gives)
	}
	return program, ""
}

// ourTypes takes Go's names out of messages.
var ourTypes = strings.NewReplacer("*string", "string", "type mapping.", "", "*mapping.", "", "mapping.", "")

// place is a compiler's message with its place, without the expression.
func place(err error) string {
	at, ok := errors.AsType[*file.Error](err)
	if !ok {
		return "the expression is none"
	}
	message := ourTypes.Replace(strings.TrimSpace(at.Message))
	if at.Line == 0 {
		return message
	}
	return fmt.Sprintf("%s (line %d, column %d)", message, at.Line, at.Column+1)
}

// limits refuses what could make an expression cost more than its length: variables and sequences
// (they can double a value at each use) and ranges; and the person as a whole, whose type nothing is known of.
type limits struct{ fault string }

func (l *limits) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			l.fault = "$env cannot be used"
		}
	case *ast.VariableDeclaratorNode:
		l.fault = "variables are not supported"
	case *ast.SequenceNode:
		l.fault = "sequences are not supported"
	case *ast.PredicateNode, *ast.PointerNode:
		l.fault = "loops are not supported"
	case *ast.CallNode:
		if callee, named := n.Callee.(*ast.IdentifierNode); named {
			l.constant(callee.Value, n.Arguments)
		}
	case *ast.BuiltinNode: // this tree takes some functions of ours for the library's
		l.constant(n.Name, n.Arguments)
		if builtin.Builtins[builtin.Index[n.Name]].Predicate {
			l.fault = "loops are not supported"
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "..":
			l.fault = "ranges are not supported"
		case "matches":
			l.pattern(n.Right)
		}
	}
}

// constant refuses a call whose second argument is written out and could never be used.
func (l *limits) constant(function string, arguments []ast.Node) {
	if len(arguments) != 2 {
		return
	}
	text, constant := arguments[1].(*ast.StringNode)
	switch {
	case !constant:
	case function == "e164" && !phone.Known(text.Value):
		l.fault = "e164 knows no phone numbers of this country; it is two letters, such as SE"
	case function == "split" && text.Value == "":
		l.fault = "split needs a text to split at"
	}
}

// pattern refuses a pattern that is not written out, or whose counted repetitions could make it far larger than it is long.
func (l *limits) pattern(n ast.Node) {
	text, constant := n.(*ast.StringNode)
	if !constant || len(text.Value) > maxPattern || strings.Contains(text.Value, "{") {
		l.fault = fmt.Sprintf("a pattern must be written out, without {}, and have at most %d bytes", maxPattern)
	}
}

// fieldLabel is a field's name as messages may show it.
func fieldLabel(field string) string {
	if field == "" || len(field) > maxField || !utf8.ValidString(field) || strings.ContainsFunc(field, unicode.IsControl) {
		return "a field"
	}
	return field
}
