package mapping

import (
	"errors"
	"strings"

	"github.com/expr-lang/expr"

	"github.com/usersync/usersync/internal/phone"
)

// functions are all that an expression may call. An argument may be nil at any time: the types that
// are declared here are for the check at compile time.
func functions() []expr.Option {
	return []expr.Option{
		expr.DisableAllBuiltins(),
		expr.Function("lower", onText(strings.ToLower), new(func(string) string)),
		expr.Function("trim", onText(strings.TrimSpace), new(func(string) string)),
		expr.Function("split", split, new(func(string, string) []string)),
		expr.Function("first", first, new(func([]string) string), new(func([]group) *group), new(func([]any) any)),
		expr.Function("default", withDefault, new(func(any, any) any)),
		expr.Function("concat", concat, new(func(...string) string)),
		expr.Function("e164", e164, new(func(string, string) string)),
	}
}

var errType = errors.New("an argument of another type")

// argument is an argument as text; there is none where it is nil.
func argument(v any) (s string, there bool, err error) {
	switch v := v.(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	case *string:
		if v == nil {
			return "", false, nil
		}
		return *v, true, nil
	}
	return "", false, errType
}

func onText(f func(string) string) func(...any) (any, error) {
	return func(params ...any) (any, error) {
		s, there, err := argument(params[0])
		if err != nil || !there {
			return nil, err
		}
		return f(s), nil
	}
}

// e164 is a phone number as E.164 spells it; what is no number is nothing.
func e164(params ...any) (any, error) {
	text, there, err := argument(params[0])
	if err != nil || !there {
		return nil, err
	}
	region, _, err := argument(params[1])
	if err != nil || !phone.Known(region) {
		return nil, errType
	}
	if number, ok := phone.E164(text, region); ok {
		return number, nil
	}
	return nil, nil
}

func split(params ...any) (any, error) {
	s, there, err := argument(params[0])
	if err != nil || !there {
		return nil, err
	}
	separator, there, err := argument(params[1])
	if err != nil || !there || separator == "" {
		return nil, errType
	}
	return strings.Split(s, separator), nil
}

func first(params ...any) (any, error) {
	switch list := params[0].(type) {
	case nil:
		return nil, nil
	case []string:
		if len(list) > 0 {
			return list[0], nil
		}
	case []group:
		if len(list) > 0 {
			return &list[0], nil
		}
	case []any:
		if len(list) > 0 {
			return list[0], nil
		}
	default:
		return nil, errType
	}
	return nil, nil
}

func withDefault(params ...any) (any, error) {
	switch v := params[0].(type) {
	case nil:
		return params[1], nil
	case string:
		if v == "" {
			return params[1], nil
		}
	case *string:
		if v == nil || *v == "" {
			return params[1], nil
		}
	case *bool:
		if v == nil {
			return params[1], nil
		}
	}
	return params[0], nil
}

func concat(params ...any) (any, error) {
	var all strings.Builder
	for _, p := range params {
		s, _, err := argument(p)
		if err != nil {
			return nil, err
		}
		all.WriteString(s)
	}
	return all.String(), nil
}
