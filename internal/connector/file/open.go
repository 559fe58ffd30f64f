package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/usersync/usersync/internal/usersync"
)

// maxWindow bounds what a zstd file may ask to be kept in memory.
const maxWindow = 32 << 20

// form is what a file's ending says of it.
type form struct {
	format      string // .csv, .json, .jsonl
	compression string // .gz, .zst, or empty
}

// usable reports whether a path's ending is one that can be read.
func usable(path string) error {
	_, err := formOf(path)
	return err
}

func formOf(path string) (form, error) {
	var f form
	name := strings.ToLower(filepath.Base(path))
	switch end := filepath.Ext(name); end {
	case ".gz", ".zst":
		f.compression = end
		name = strings.TrimSuffix(name, end)
	}
	switch f.format = filepath.Ext(name); f.format {
	case ".csv", ".json", ".jsonl":
		return f, nil
	}
	return f, usersync.E(usersync.Settings,
		"the name of a file must end in .csv, .json or .jsonl, and then perhaps in .gz or .zst")
}

// opened is a file that is being read.
type opened struct {
	name   string // the base name, for messages
	form   form
	disk   *disk
	info   fs.FileInfo // as it was when the reading began
	text   io.Reader   // decompressed
	finish func()
}

// open opens the file and its decompression. A folder, a pipe or a device is no file: reading one may
// never end.
func (s *source) open(ctx context.Context) (*opened, error) {
	o := &opened{name: filepath.Base(s.path), form: s.form, finish: func() {}}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, err := os.Stat(s.path)
	switch {
	case err != nil:
		return nil, o.unreadable(err)
	case !info.Mode().IsRegular():
		return nil, o.malformed("this is no file")
	case info.Size() == 0:
		return nil, o.malformed("the file is empty: it has zero bytes")
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, o.unreadable(err)
	}
	if o.info, err = f.Stat(); err != nil {
		f.Close()
		return nil, o.unreadable(err)
	}
	o.disk = &disk{ctx: ctx, file: f}
	if err := o.decompress(); err != nil {
		o.close()
		return nil, o.explain(err, "")
	}
	return o, nil
}

func (o *opened) decompress() error {
	switch o.form.compression {
	case ".gz":
		r, err := gzip.NewReader(o.disk)
		if err != nil {
			return err
		}
		o.text = r
	case ".zst":
		r, err := zstd.NewReader(o.disk, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return err
		}
		o.text, o.finish = r, r.Close
	default:
		o.text = o.disk
	}
	return nil
}

func (o *opened) close() {
	o.finish()
	o.disk.file.Close()
}

// list begins the list that the file holds.
func (o *opened) list() (list, error) {
	w := &window{r: o.text}
	if err := w.skipMark(); err != nil {
		return nil, err
	}
	switch o.form.format {
	case ".csv":
		return newCSV(w)
	case ".json":
		return newArray(w)
	}
	return newLines(w)
}

// changed is an error where the file is not what it was when its reading began.
func (o *opened) changed() error {
	now, err := o.disk.file.Stat()
	if err != nil {
		return o.unreadable(err)
	}
	if now.Size() != o.info.Size() || !now.ModTime().Equal(o.info.ModTime()) {
		return usersync.E(usersync.Unavailable, o.name+": the file was changed while it was read")
	}
	return nil
}

// explain makes a public error of what stopped the reading; place is empty where it had not begun.
func (o *opened) explain(err error, place string) error {
	if no, ok := errors.AsType[noList](err); ok {
		return o.malformed(string(no))
	}
	if o.disk.err != nil { // not the file's text, but the reading of it
		if ctxErr := o.disk.ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		return o.unreadable(o.disk.err)
	}
	how := "gzip"
	if o.form.compression == ".zst" {
		how = "zstd"
	}
	switch {
	case place == "" && (errors.Is(err, gzip.ErrHeader) || errors.Is(err, zstd.ErrMagicMismatch)):
		return o.malformed("the file is not compressed with " + how + ", as its name says")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return o.malformed("the file is cut: its " + how + " ends too early" + after(place))
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return o.malformed("the file's zstd needs more than 32 MiB of memory")
	}
	return o.malformed("the file is damaged: its " + how + " cannot be read on" + after(place))
}

func after(place string) string {
	if place == "" {
		return ""
	}
	return ", after " + place
}

func (o *opened) malformed(what string) error {
	return usersync.E(usersync.Malformed, o.name+": "+what)
}

func (o *opened) unreadable(err error) error {
	code, why := usersync.Unavailable, "the file cannot be read"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code, why = usersync.Malformed, "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		code, why = usersync.Forbidden, "reading the file is not permitted"
	}
	return &usersync.Error{Code: code, Message: o.name + ": " + why, Cause: err}
}

// noList says why a file is no list of people.
type noList string

func (n noList) Error() string { return string(n) }

// disk reads the file itself until its context ends, and remembers what went wrong with that.
type disk struct {
	ctx  context.Context
	file *os.File
	err  error
}

func (d *disk) Read(p []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		d.err = err
		return 0, err
	}
	n, err := d.file.Read(p)
	if err != nil && err != io.EOF {
		d.err = err
	}
	return n, err
}
