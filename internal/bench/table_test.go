package bench

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"text/tabwriter"
)

// figure is one line of the table that closes a run.
type figure struct{ what, measured, beside, wanted string }

// report collects the figures of a run in the order in which they were
// measured. A figure that is measured again replaces the first.
type report struct {
	mu      sync.Mutex
	figures []figure
}

var results report

func (r *report) add(what, measured, beside, wanted string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := figure{what, measured, beside, wanted}
	if i := slices.IndexFunc(r.figures, func(x figure) bool { return x.what == what }); i >= 0 {
		r.figures[i] = f
		return
	}
	r.figures = append(r.figures, f)
}

// print writes the table, nothing where nothing was measured.
func (r *report) print(out io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.figures) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "\nFIGURE\tMEASURED\tBESIDE\tWANTED")
	for _, f := range r.figures {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.what, f.measured, f.beside, f.wanted)
	}
	_ = w.Flush()
}
