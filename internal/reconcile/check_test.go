package reconcile

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
)

func TestAFullDiskIsNotBlamedOnTheToken(t *testing.T) {
	svc := domain.Service{Repo: repoName}
	remedy := func(k history.Kind) string {
		return mirrorRemedy(svc, fmt.Errorf("looking: %w", &history.Error{Op: "fetching", Repo: repoName, Kind: k}))
	}
	require.Contains(t, remedy(history.Local), "data_dir")
	require.Contains(t, remedy(history.Denied), "token may read "+repoName)
}
