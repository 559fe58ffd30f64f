package deployed

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/directory"
)

func TestTheOpenAPIDocumentOfADeploymentHasTheDirectoryAndNoIssuer(t *testing.T) {
	for _, v := range declared(t)["Status"] {
		t.Setenv(v, aValue(v))
	}
	t.Setenv("AWS_REGION", "eu-north-1")
	var request events.APIGatewayV2HTTPRequest
	request.RawPath, request.RequestContext.HTTP.Method = "/openapi.json", "GET"
	answer, err := Status()(t.Context(), request)
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(answer.StatusCode, err)
	}
	var document struct{ Paths map[string]any }
	if err := json.Unmarshal([]byte(answer.Body), &document); err != nil {
		t.Fatal(err)
	}
	people, _ := directory.Describe()
	for path := range people {
		if document.Paths[path] == nil {
			t.Errorf("%s is not described", path)
		}
	}
	issuer, _ := auth.Describe()
	for path := range issuer {
		if document.Paths[path] != nil {
			t.Errorf("%s is described, and not served", path)
		}
	}
}
