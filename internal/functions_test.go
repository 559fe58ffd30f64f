package internal_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// functions are the Lambda functions of template.yaml.
var functions = []string{"directory", "fetch", "finish", "nightly", "reap", "settle", "start", "status", "upsert"}

// unlinked are what no function may link, with all that they need.
var unlinked = []string{
	"modernc.org/sqlite", "github.com/alecthomas/kong", "github.com/vbauerster/mpb",
	module + "local", module + "store/sqlite", module + "app/machine", module + "cmd/usersync",
}

func TestAFunctionLinksOnlyWhatItNeeds(t *testing.T) {
	folders, err := filepath.Glob("../functions/*")
	if err != nil || len(folders) != len(functions) {
		t.Fatalf("the functions are %v, %v", folders, err)
	}
	for _, name := range functions {
		main, err := os.ReadFile("../functions/" + name + "/main.go")
		if err != nil || bytes.Count(main, []byte("\n")) > 30 {
			t.Errorf("%s: a main of up to 30 lines is wanted: %v", name, err)
		}
		out, err := exec.Command("go", "list", "-deps", "-tags", "lambda.norpc", "../functions/"+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		linked := strings.Fields(string(out))
		for _, library := range unlinked {
			if slices.ContainsFunc(linked, func(l string) bool { return l == library || strings.HasPrefix(l, library+"/") }) {
				t.Errorf("%s links %s", name, library)
			}
		}
		if slices.Contains(linked, "net/rpc") {
			t.Errorf("%s links net/rpc", name)
		}
	}
}
