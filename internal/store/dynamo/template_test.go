package dynamo

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"go.yaml.in/yaml/v3"
)

// asked answers every request as a table that is there would, and keeps what was asked for.
type asked struct {
	mu     sync.Mutex
	tables map[string]map[string]any // by name: CreateTable's properties, with the time to live
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var in map[string]any
	text, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(text, &in)
	name, _ := in["TableName"].(string)
	delete(in, "TableName")
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch operation {
	case "CreateTable":
		a.tables[name] = in
	case "UpdateTimeToLive":
		a.tables[name]["TimeToLiveSpecification"] = in["TimeToLiveSpecification"]
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = io.WriteString(w, `{"Table":{"TableStatus":"ACTIVE"},"TableDescription":{},"TimeToLiveSpecification":{}}`)
}

func TestTheTemplateDeclaresTheTablesThatTheStoreMakes(t *testing.T) {
	made := &asked{tables: map[string]map[string]any{}}
	server := httptest.NewServer(made)
	defer server.Close()
	client := dynamodb.New(dynamodb.Options{Region: "x", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("x", "x", "")})
	if err := CreateTables(t.Context(), client, Tables{Main: "MainTable", Pages: "PagesTable"}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			DeletionPolicy string         `yaml:"DeletionPolicy"`
			Properties     map[string]any `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	for name, want := range made.tables {
		declared := template.Resources[name]
		for property, value := range want {
			if got, want := inJSON(declared.Properties[property]), inJSON(value); got != want {
				t.Errorf("%s.%s is %s in the template, and %s here", name, property, got, want)
			}
		}
		recovery := inJSON(declared.Properties["PointInTimeRecoverySpecification"])
		if kept := name == "MainTable"; strings.Contains(recovery, "true") != kept || (declared.DeletionPolicy == "Retain") != kept {
			t.Errorf("%s: recovery %s, deletion policy %s", name, recovery, declared.DeletionPolicy)
		}
	}
	if len(made.tables) != 2 {
		t.Errorf("%d tables", len(made.tables))
	}
}

// inJSON is a value as text: JSON, whose maps are in the order of their keys.
func inJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
