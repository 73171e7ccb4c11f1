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
	calls   [][5]string // tracker, call, times for a claim, an early close, an item that ships
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

// addCalls adds calls by their kinds. Git's own do not count against the
// limits of a tracker and are left out.
func (r *report) addCalls(tracker string, c counts, items int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = slices.DeleteFunc(r.calls, func(c [5]string) bool { return c[0] == tracker })
	all := map[string]int{}
	for _, of := range []map[string]int{c.claimed, c.early, c.shipped} {
		for route, n := range of {
			all[route] += n
		}
	}
	times := func(n int) string { return fmt.Sprintf("%.3g", float64(n)/float64(items)) }
	for _, route := range sorted(all) {
		if !git(route) {
			r.calls = append(r.calls, [5]string{tracker, route, times(c.claimed[route]), times(c.early[route]), times(c.shipped[route])})
		}
	}
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
	if len(r.calls) > 0 {
		fmt.Fprintln(w, "\nTRACKER\tCALL\tPER OPENED CLAIM\tPER EARLY CLOSE\tPER ITEM SHIPPED")
		for _, c := range r.calls {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c[0], c[1], c[2], c[3], c[4])
		}
	}
	_ = w.Flush()
}
