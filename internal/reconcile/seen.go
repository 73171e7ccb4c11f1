package reconcile

import (
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// maxSeen bounds the earlier items on one ticket.
const maxSeen = 5

// seenBefore are the rows of a ticket's table that tell of similar earlier
// items, and the links of these rows.
func seenBefore(spec domain.ItemSpec) (rows [][2]string, links map[string]string) {
	links = map[string]string{}
	for _, s := range spec.SeenBefore[:min(len(spec.SeenBefore), maxSeen)] {
		words := fmt.Sprintf("%s (%s, %s)", s.Title, s.Item, s.State)
		rows = append(rows, [2]string{"Seen before", words})
		if s.URL != "" {
			links[words] = s.URL
		}
	}
	return rows, links
}
