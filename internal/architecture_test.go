package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/usersync/usersync/internal/"

// arrows says what each room may import of ours, tests aside. A room that is not named here fails the
// test: whoever adds one says where it stands.
var arrows = map[string]struct {
	may []string
	why string
}{
	"usersync":                {nil, "the domain depends on nothing"},
	"phone":                   {nil, "one spelling of phone numbers, for mappings and targets"},
	"mapping":                 {[]string{"usersync", "phone"}, "pure rules over the domain"},
	"engine":                  {[]string{"usersync"}, "no AWS, no HTTP, no SQL in the work itself"},
	"workflow":                {[]string{"usersync", "engine"}, "the protocol round the engine"},
	"auth":                    {[]string{"usersync"}, "who calls is nobody else's business"},
	"api":                     {[]string{"usersync", "engine", "auth"}, "answers from contracts, never from a store by name"},
	"directory":               {[]string{"usersync", "auth"}, "model, contract and HTTP API of the directory"},
	"httpx":                   {[]string{"usersync"}, "one outgoing client for every connector"},
	"connector/file":          {[]string{"usersync"}, "connectors never import each other"},
	"connector/axema":         {[]string{"usersync", "httpx"}, "connectors never import each other"},
	"connector/bokamera":      {[]string{"usersync", "httpx", "phone"}, "connectors never import each other"},
	"connector/websak":        {[]string{"usersync", "httpx"}, "connectors never import each other"},
	"connector/directory":     {[]string{"usersync", "directory"}, "the directory's own contract, no HTTP"},
	"store/sqlite":            {[]string{"usersync", "directory"}, "stores implement contracts and never import each other"},
	"store/dynamo":            {[]string{"usersync", "directory"}, "stores implement contracts and never import each other"},
	"settings":                {[]string{"usersync"}, "reads settings for whoever describes theirs"},
	"local":                   {[]string{"usersync", "engine", "workflow"}, "runs the same file in one process"},
	"aws/clients":             {[]string{"usersync"}, "how AWS's services are called"},
	"aws/stepfunctions":       {[]string{"usersync"}, "one service of AWS behind a contract"},
	"aws/signed":              {[]string{"usersync"}, "how services are called of which one operation is needed"},
	"aws/secrets":             {[]string{"usersync", "aws/signed"}, "one service of AWS behind a contract"},
	"aws/metrics":             {[]string{"usersync"}, "one service of AWS behind a contract"},
	"aws/bus":                 {[]string{"usersync", "aws/signed"}, "one service of AWS behind a contract"},
	"aws/gateway":             {nil, "HTTP as API Gateway has it, of nobody's handler in particular"},
	"app":                     {[]string{"*"}, "the only composition root: what both compositions share"},
	"app/machine":             {[]string{"*"}, "the only composition root: one machine"},
	"app/deployed":            {[]string{"*"}, "the only composition root: AWS"},
	"app/operator":            {[]string{"*"}, "the only composition root: a deployment's table, for the command line"},
	"cmd/usersync":            {[]string{"usersync", "app", "app/machine", "app/operator", "api", "settings", "auth"}, "wires a terminal to app"},
	"rehearsal":               {nil, "stands beside functions and services, and knows neither"},
	"bench":                   {nil, "measures whole processes from outside"},
	"connector/connectortest": {[]string{"usersync", "usersync/usersynctest"}, "a suite, for tests"},
	"store/storetest":         {[]string{"usersync", "usersync/usersynctest", "directory", "workflow", "engine"}, "a suite, for tests"},
	"usersync/usersynctest":   {[]string{"usersync"}, "for tests"},
}

// foreign says which rooms alone may import which libraries of others.
var foreign = map[string][]string{
	"modernc.org/sqlite":           {"store/sqlite"},
	"database/sql":                 {"store/sqlite"},
	"github.com/aws/aws-sdk-go-v2": {"store/dynamo", "app", "app/deployed", "app/operator", "aws/"},
	"github.com/alecthomas/kong":   {"cmd/usersync"},
	"github.com/expr-lang/expr":    {"mapping"},
	"github.com/nyaruka":           nil, // only for tests: see phone
	"github.com/failsafe-go":       {"httpx"},
	"github.com/coreos/go-oidc":    {"auth"},
	"github.com/go-jose/go-jose":   {"auth"},
	"github.com/aws/aws-lambda-go": {"workflow", "app/deployed", "aws/gateway"},
	"github.com/vbauerster/mpb":    {"cmd/usersync"},
	"go.yaml.in/yaml":              {"settings"},
}

func TestImportsPointInwards(t *testing.T) {
	for _, f := range sources(t) {
		if strings.HasSuffix(f.name, "_test.go") {
			continue
		}
		rule, known := arrows[f.room]
		if !known {
			t.Errorf("%s: the room %q has no place in the list of arrows", f.name, f.room)
			continue
		}
		for _, spec := range f.tree.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if room, ours := strings.CutPrefix(imported, module); ours && !allowed(rule.may, room) {
				t.Errorf("%s imports %s: %s", f.name, room, rule.why)
			}
			for library, rooms := range foreign {
				if strings.HasPrefix(imported, library) && !allowed(rooms, f.room) {
					t.Errorf("%s imports %s, which is for %s alone", f.name, imported, strings.Join(rooms, ", "))
				}
			}
			if f.room == "usersync" && strings.Contains(imported, ".") {
				t.Errorf("%s imports %s: the domain imports the standard library only", f.name, imported)
			}
		}
	}
}

func TestEveryPackageHasOneComment(t *testing.T) {
	comments := map[string]int{}
	for _, f := range sources(t) {
		if strings.HasSuffix(f.tree.Name.Name, "_test") {
			continue
		}
		if f.tree.Doc != nil {
			comments[f.room]++
		} else {
			comments[f.room] += 0
		}
	}
	for room, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments, not one", room, n)
		}
	}
}

func TestFilesAndFunctionsAreShortEnoughToRead(t *testing.T) {
	for _, f := range sources(t) {
		if strings.HasSuffix(f.name, "_test.go") {
			continue
		}
		if lines := f.set.File(f.tree.Pos()).LineCount(); lines > 300 {
			t.Errorf("%s has %d lines, more than 300", f.name, lines)
		}
		for _, d := range f.tree.Decls {
			fn, is := d.(*ast.FuncDecl)
			if !is {
				continue
			}
			if lines := f.set.Position(fn.End()).Line - f.set.Position(fn.Pos()).Line + 1; lines > 60 {
				t.Errorf("%s: %s has %d lines, more than 60", f.name, fn.Name.Name, lines)
			}
		}
	}
}

type source struct {
	name, room string
	set        *token.FileSet
	tree       *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || name == "architecture_test.go" {
			return err
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		all = append(all, source{filepath.ToSlash(name), path.Dir(filepath.ToSlash(name)), set, tree})
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("reading the sources: %v (%d files)", err, len(all))
	}
	return all
}

// allowed reports whether a list names the room: by its name, by what its name begins with (…/), or by *.
func allowed(may []string, what string) bool {
	for _, m := range may {
		if m == "*" || m == what || strings.HasSuffix(m, "/") && strings.HasPrefix(what, m) {
			return true
		}
	}
	return false
}
