package auth_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func openIssuer(t *testing.T, dir string, clock usersync.Clock) *auth.Issuer {
	t.Helper()
	issuer, err := auth.OpenIssuer(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

func jwks(t *testing.T, i *auth.Issuer) []byte {
	t.Helper()
	text, err := i.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestATokenMadeBesideAServerIsGoodAtIt(t *testing.T) {
	clock, dir := usersynctest.NewClock(), filepath.Join(t.TempDir(), "new", "data")
	beside := openIssuer(t, dir, clock)
	token, err := beside.Token(auth.TokenRequest{
		Subject: "s", Company: "3F2504E04F8941D39A0C0305E82C3301", Roles: []string{"r"}, Scopes: []string{"a", "b"}, TTL: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := openIssuer(t, dir, clock)
	verifiers := map[string]auth.Verifier{
		"the server's":     server.Verifier("http://127.0.0.1:8080"),
		"with inline keys": auth.NewVerifier(auth.VerifierConfig{Issuer: auth.BuiltInIssuer, Clock: clock, InlineKeys: jwks(t, server)}),
	}
	for name, v := range verifiers {
		who, err := v.Verify(t.Context(), "Bearer "+token)
		if err != nil || who.Subject != "s" || who.Company != company || !who.HasRole("x", "r") || !who.HasScope("b") {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
	}
	clock.Advance(time.Minute + 6*time.Second)
	for name, v := range verifiers {
		if _, err := v.Verify(t.Context(), "Bearer "+token); !usersync.Is(err, usersync.Unauthorized) {
			t.Errorf("%s, after its end: %v", name, err)
		}
	}
	other, err := openIssuer(t, t.TempDir(), clock).Token(auth.TokenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range verifiers {
		if _, err := v.Verify(t.Context(), "Bearer "+other); !usersync.Is(err, usersync.Unauthorized) {
			t.Errorf("%s, a token of another folder: %v", name, err)
		}
	}
}

func TestProcessesAtOnceEndWithOneKeyForItsOwnerAlone(t *testing.T) {
	dir, clock := filepath.Join(t.TempDir(), "data"), usersynctest.NewClock()
	sets := make([][]byte, 16)
	var opened sync.WaitGroup
	for i := range sets {
		opened.Go(func() {
			issuer, err := auth.OpenIssuer(dir, clock)
			if err == nil {
				sets[i], err = issuer.JWKS()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	opened.Wait()
	for _, set := range sets {
		if !bytes.Equal(set, sets[0]) || bytes.Contains(set, []byte(`"d"`)) {
			t.Fatalf("keys differ or are private: %s", set)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("the folder holds %v, %v", files, err)
	}
	info, err := files[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", info.Mode(), err)
	}
}

func TestADamagedKeyIsReportedAndKept(t *testing.T) {
	dir, clock := t.TempDir(), usersynctest.NewClock()
	openIssuer(t, dir, clock)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	for _, text := range []string{"", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if err := os.WriteFile(files[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := auth.OpenIssuer(dir, clock); !usersync.Is(err, usersync.Settings) {
			t.Errorf("a key file with %q: %v", text, err)
		}
		if now, err := os.ReadFile(files[0]); err != nil || string(now) != text {
			t.Errorf("the key file is now %q, %v", now, err)
		}
	}
}

func TestATokenThatNobodyCouldUseIsNotMade(t *testing.T) {
	issuer := openIssuer(t, t.TempDir(), usersynctest.NewClock())
	for field, r := range map[string]auth.TokenRequest{
		"company": {Company: "acme"},
		"scope":   {Scopes: []string{"a b"}},
		"ttl":     {TTL: -time.Hour},
		"role":    {Roles: []string{strings.Repeat("r", 20_000)}},
	} {
		_, err := issuer.Token(r)
		if e, ok := err.(*usersync.Error); !ok || e.Code != usersync.Validation || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestAGUIDHasOneSpellingInTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "digits")
		want := digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
		text := rapid.SampledFrom([]string{digits, want, "{" + digits + "}", "{" + want + "}", strings.ToUpper(want)}).Draw(t, "text")
		if got, ok := usersync.CanonicalGUID(text); !ok || got != want {
			t.Fatalf("CanonicalGUID(%q) = %q, %v", text, got, ok)
		}
		at := rapid.IntRange(0, len(text)).Draw(t, "at")
		for _, bad := range []string{text[:at] + "g" + text[at:], text[:at] + " " + text[at:], "{" + text, text + "}", text + "0"} {
			if got, ok := usersync.CanonicalGUID(bad); ok {
				t.Fatalf("CanonicalGUID(%q) = %q", bad, got)
			}
		}
	})
}
