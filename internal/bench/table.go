package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// row is one figure beside its bar.
type row struct {
	run, figure, measured, bar, against string
	ok                                  bool
}

type table []row

func (t *table) add(run, figure, measured, bar, against string, ok bool) {
	*t = append(*t, row{run, figure, measured, bar, against, ok})
}

// print writes the table and reports how many figures miss their bars; a missed bar is shown, not an
// error: machines are noisy, and the reader decides.
func (t table) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "run\tfigure\tmeasured\tmust\tmeasured against\t")
	missed := 0
	for _, r := range t {
		mark := ""
		if !r.ok {
			mark, missed = "MISSED", missed+1
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", r.run, r.figure, r.measured, r.bar, r.against, mark)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d figures, %d missed\n", len(t), missed)
	return err
}
