package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestADumpNamesTheKeyThatSomebodyElseWrote(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.file("down", 2, "checkout")[1]
		aside := e.keys.tag + "aside"
		nothing := func(Line) error { return nil }
		require.NoError(t, e.Dump(e.ctx, nothing))
		for _, key := range []string{e.keys.log(id), e.keys.item(id), e.keys.postmortem("down"), e.keys.deployments(), e.keys.touched()} {
			require.NoError(t, e.db.Del(e.ctx, aside).Err())
			was, err := e.db.Exists(e.ctx, key).Result()
			require.NoError(t, err)
			if was == 1 {
				require.NoError(t, e.db.Rename(e.ctx, key, aside).Err())
			}
			require.NoError(t, e.db.SAdd(e.ctx, key, "not ours").Err())
			err = e.Dump(e.ctx, nothing)
			require.ErrorIs(t, err, ErrDamaged, key)
			require.ErrorContains(t, err, "the key "+key+" holds a set")
			require.NoError(t, e.db.Del(e.ctx, key).Err())
			if was == 1 {
				require.NoError(t, e.db.Rename(e.ctx, aside, key).Err())
			}
		}
		require.NoError(t, e.Dump(e.ctx, nothing))
	})
}
