//go:build verify

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// uncalled is what a function may do although the rehearsal did not make it, and why.
var uncalled = map[string]string{
	"FetchFunction dynamodb:BatchWriteItem PagesTable":         "a page beyond an item's limit is written in chunks",
	"UpsertFunction dynamodb:BatchGetItem PagesTable":          "such a page is read in chunks, and so is a survey",
	"UpsertFunction dynamodb:BatchWriteItem PagesTable":        "a survey, of targets that are surveyed",
	"UpsertFunction dynamodb:BatchWriteItem MainTable":         "a plan or outcomes beyond an item's limit are written in chunks",
	"StatusFunction dynamodb:BatchGetItem MainTable":           "outcomes beyond an item's limit are read in chunks",
	"FinishFunction dynamodb:Query MainTable":                  "the plans of a job that failed halfway",
	"FinishFunction dynamodb:BatchGetItem MainTable":           "a plan beyond an item's limit is read in chunks",
	"SettleFunction dynamodb:BatchGetItem MainTable":           "links of people who left, where the policy for leavers is not keep",
	"SettleFunction dynamodb:DeleteItem MainTable":             "likewise",
	"SettleFunction dynamodb:BatchWriteItem MainTable":         "likewise, a plan beyond an item's limit",
	"SettleFunction dynamodb:GetItem PagesTable":               "likewise, the job's page key",
	"SettleFunction secretsmanager:GetSecretValue /usersync/*": "likewise, the target's login",
	"SettleFunction ssm:GetParameter /usersync/*":              "likewise",
}

// everybody's own: what a function needs whatever it does, and what the platform calls for it.
var platform = []string{"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords", "sqs:SendMessage"}

// comparePolicies holds what each function is allowed against what it has called.
func comparePolicies(c *chain) {
	called, err := callsMade(os.Getenv("USERSYNC_CALLS"))
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, difference := range compared(c.t, text, called) {
		c.t.Error(difference)
	}
	// Each right is needed: without it the comparison says so.
	for _, right := range []string{"dynamodb:GetItem, dynamodb:Query", "states:DescribeExecution", "secretsmanager:GetSecretValue"} {
		without := strings.Replace(string(text), right, "dynamodb:ListTables", 1)
		if without == string(text) || len(compared(c.t, []byte(without), called)) == 0 {
			c.t.Errorf("a template without %s passes", right)
		}
	}
}

// compared says what is called and not allowed, and what is allowed and not called.
func compared(t *testing.T, template []byte, called map[string]bool) (differences []string) {
	allowed := allowances(t, template)
	for _, what := range slices.Sorted(maps.Keys(called)) {
		if !allowed[what] {
			differences = append(differences, "called, and not allowed: "+what)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(allowed)) {
		if _, excused := uncalled[what]; !called[what] && !excused {
			differences = append(differences, "allowed, and not called: "+what)
		}
	}
	for what := range uncalled {
		if called[what] || !allowed[what] {
			differences = append(differences, "no exception any more: "+what)
		}
	}
	return differences
}

// callsMade reads the recorder's notes: function, action and resource in the template's words.
func callsMade(path string) (map[string]bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	called := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var c call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, err
		}
		if c.Function == "" {
			continue // an operator's, or the state machine's
		}
		resource := strings.NewReplacer(os.Getenv("USERSYNC_TABLE"), "MainTable", os.Getenv("USERSYNC_PAGES"), "PagesTable").Replace(c.Resource)
		if strings.HasPrefix(resource, "/usersync/") {
			resource = "/usersync/*"
		}
		called[fmt.Sprintf("%s %s %s", c.Function, c.Action, resource)] = true
	}
	return called, nil
}

// allowances are what the roles of the template's functions allow, in the words of callsMade.
func allowances(t *testing.T, text []byte) map[string]bool {
	t.Helper()
	var template struct {
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				Policies []struct {
					Document struct {
						Statement []struct {
							Action   []string  `yaml:"Action"`
							Resource yaml.Node `yaml:"Resource"`
						} `yaml:"Statement"`
					} `yaml:"PolicyDocument"`
				} `yaml:"Policies"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for id := range template.Resources {
		name, isFunction := strings.CutSuffix(id, "Function")
		if !isFunction {
			continue
		}
		for _, policy := range template.Resources[name+"Role"].Properties.Policies {
			for _, s := range policy.Document.Statement {
				for _, action := range s.Action {
					if !slices.Contains(platform, action) {
						allowed[fmt.Sprintf("%s %s %s", id, action, resourceOf(&s.Resource))] = true
					}
				}
			}
		}
	}
	return allowed
}

// resourceOf is a statement's resource as callsMade names it.
func resourceOf(n *yaml.Node) string {
	switch text := n.Value; {
	case strings.Contains(text, "MainTable.Arn}/index/"):
		return "MainTable/index/" + text[strings.LastIndexByte(text, '/')+1:]
	case strings.HasPrefix(text, "MainTable"), strings.HasPrefix(text, "PagesTable"):
		return strings.TrimSuffix(text, ".Arn")
	case strings.HasSuffix(text, "/usersync/*"):
		return "/usersync/*"
	}
	return ""
}
