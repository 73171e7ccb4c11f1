package transfer

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// After the retention the snapshot of a finished item knows of more entries
// than are left of its ledger.
func TestALedgerThatWasCutDownIsCarried(t *testing.T) {
	l, _ := open(t)
	fill(t, l, 2, 9)
	ctx := t.Context()
	all, err := l.Entries(ctx, "pm/1")
	require.NoError(t, err)
	lease, ok, err := l.ClaimSubject(ctx, "item/pm/1", time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, l.Archive(ctx, lease, domain.State{Spec: domain.ItemSpec{ID: "pm/1", Postmortem: "pm", N: 1}, Applied: int64(len(all))}, []domain.Entry{all[0], all[8]}))
	require.NoError(t, l.Done(ctx, lease, time.Time{}))
	kept, err := l.Entries(ctx, "pm/1")
	require.NoError(t, err)
	require.Len(t, kept, 2)

	file := export(t, l, Options{})
	c, err := Check(bytes.NewReader(file))
	require.NoError(t, err)
	require.Empty(t, c.Problems)
	other, _ := open(t)
	require.NoError(t, Put(ctx, bytes.NewReader(file), other, c, "import/now"))
	now, err := other.Entries(ctx, "pm/1")
	require.NoError(t, err)
	require.Equal(t, kept, now[:2], "in their places")
	require.Equal(t, domain.Restored, now[2].Name)
	require.Equal(t, kept[1].Seq+1, now[2].Seq)
	saved, tail, err := other.Load(ctx, "pm/1")
	require.NoError(t, err)
	require.Equal(t, int64(len(all)), saved.Applied)
	require.Len(t, tail, 1)
}
