package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	keyFile    = "issuer-key.pem"
	maxKeyFile = 64 << 10 // bytes
)

// openKey reads the key in the folder, and makes both first where there is none.
func openKey(dir string) (*ecdsa.PrivateKey, error) {
	path := filepath.Join(dir, keyFile)
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(dir, path); err != nil {
		return nil, keyFault("the issuer's key cannot be made in the data folder: "+reason(err), err)
	}
	return readKey(path)
}

// readKey reads a PEM file with an EC key on P-256.
func readKey(path string) (*ecdsa.PrivateKey, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, keyFault("the issuer's key "+path+" cannot be read: "+reason(err), err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	if err != nil {
		return nil, keyFault("the issuer's key "+path+" cannot be read: "+reason(err), err)
	}
	if block, _ := pem.Decode(text); block != nil {
		parsed, _ := x509.ParsePKCS8PrivateKey(block.Bytes)
		if key, ok := parsed.(*ecdsa.PrivateKey); ok && key.Curve == elliptic.P256() {
			return key, nil
		}
	}
	return nil, keyFault("the issuer's key "+path+" is damaged; without it a new one is made, and older tokens end", nil)
}

// makeKey writes a new key for its owner's eyes only. The file appears whole under its name or not at
// all, and the first of several processes wins: a link, unlike a rename, never replaces a file.
func makeKey(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	text, err := newKey()
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(dir, ".issuer-key-*")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	_, err = draft.Write(text)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func newKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// syncDir makes a new name in a folder survive a crash of the machine; file systems that cannot do
// this for a folder keep the name anyway, as well as they can.
func syncDir(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = folder.Sync()
	return folder.Close()
}

func keyFault(message string, cause error) error {
	return &usersync.Error{Code: usersync.Settings, Message: message, Cause: cause}
}

// reason is the system's own word for a failure of a file, without the names of drafts.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err.Error()
	}
	return "unforeseen"
}
