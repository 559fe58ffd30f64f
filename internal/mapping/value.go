package mapping

import (
	"fmt"
	"math"
)

// What one value of a record may be at most.
const (
	maxText  = 64 << 10 // bytes
	maxDepth = 8
)

const badValue = "the mapping gives what no field can hold"

// recordValue makes a record's value of an expression's result, nil where there is none.
func recordValue(v any, depth int) (value any, fault string) {
	if depth > maxDepth {
		return nil, fmt.Sprintf("the mapping gives a value more than %d deep", maxDepth)
	}
	switch v := v.(type) {
	case nil:
		return nil, ""
	case string:
		return textValue(v)
	case *string:
		if v == nil {
			return nil, ""
		}
		return textValue(*v)
	case bool:
		return v, ""
	case *bool:
		if v == nil {
			return nil, ""
		}
		return *v, ""
	case int:
		return v, ""
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, "the mapping gives no finite number"
		}
		return v, ""
	case []string:
		return listValue(v, depth)
	case []any:
		return listValue(v, depth)
	case []group:
		return listValue(v, depth)
	case map[string]any:
		return mapValue(v, depth)
	case map[string]*string:
		return mapValue(v, depth)
	case group:
		return mapValue(map[string]*string{"id": v.ID, "name": v.Name}, depth)
	case *group:
		if v == nil {
			return nil, ""
		}
		return recordValue(*v, depth)
	}
	return nil, badValue
}

func textValue(s string) (any, string) {
	switch {
	case s == "":
		return nil, ""
	case len(s) > maxText:
		return nil, fmt.Sprintf("the mapping gives a text longer than %d bytes", maxText)
	}
	return s, ""
}

func listValue[T any](list []T, depth int) (any, string) {
	var values []any
	for _, element := range list {
		value, fault := recordValue(element, depth+1)
		if fault != "" {
			return nil, fault
		}
		if value != nil {
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		return nil, ""
	}
	return values, ""
}

func mapValue[T any](m map[string]T, depth int) (any, string) {
	values := make(map[string]any, len(m))
	for key, element := range m {
		value, fault := recordValue(element, depth+1)
		if fault != "" {
			return nil, fault
		}
		if value != nil {
			values[key] = value
		}
	}
	if len(values) == 0 {
		return nil, ""
	}
	return values, ""
}
