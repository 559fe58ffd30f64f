package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// Lock makes this process the one that runs jobs in the data folder, until release or until its end,
// whatever that end is: the operating system holds the lock. Within a process too there is one at a
// time. Errors: Conflict, whose message names the process that has the folder; Settings.
func Lock(dir string) (release func(), err error) {
	dir, err = makeDir(dir)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "usersync.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &usersync.Error{Code: usersync.Settings, Message: "the data folder's lock cannot be opened", Cause: err}
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &usersync.Error{Code: usersync.Conflict, Message: holderOf(f), Cause: err}
		}
		return nil, &usersync.Error{Code: usersync.Settings, Message: "the data folder cannot be locked", Cause: err}
	}
	// What is written is for people; it is the lock on the file that counts.
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt(fmt.Appendf(nil, "%d %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339)), 0)
	}
	if err != nil {
		return nil, errors.Join(&usersync.Error{Code: usersync.Settings, Message: "the data folder's lock cannot be written", Cause: err}, f.Close())
	}
	return sync.OnceFunc(func() {
		_ = f.Truncate(0)
		_ = f.Close() // which unlocks
	}), nil
}

// holderOf says in a sentence who holds the lock. Its holder writes the file right after taking the
// lock, so an empty file, or one with a process that has ended, is read again for a moment.
func holderOf(f *os.File) string {
	for range 50 {
		var pid int
		var since string
		text := make([]byte, 64)
		n, _ := f.ReadAt(text, 0)
		if _, err := fmt.Sscanf(string(text[:n]), "%d %s\n", &pid, &since); err == nil && alive(pid) {
			return fmt.Sprintf("process %d has the data folder, since %s", pid, since)
		}
		_ = usersync.SystemClock{}.Wait(context.Background(), 10*time.Millisecond)
	}
	return "another process has the data folder"
}

// alive reports whether there is such a process, also somebody else's.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
