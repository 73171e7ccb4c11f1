package sandbox

import (
	"errors"
	"fmt"
)

// CloseByMistake closes an issue and opens it again before anybody can look:
// the deliveries tell of a close, and whoever reads the issue finds it open.
func (g *GitHub) CloseByMistake(repo string, number int, actor string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("closing by mistake: %w", err)
	}
	g.close(r, is, actor, "", "", nil)
	g.reopen(r, is, actor)
	return nil
}

// CloseByMistake closes an issue and opens it again before anybody can look.
func (j *Jira) CloseByMistake(key, actor string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(j.take(key, actor, "Done", "Done"), j.take(key, actor, "Reopen", "none"))
}
