package chaos

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// accepted lists, by kind of event, the deliveries that were answered with 202
// and that the store does not know. A sweep may have made good for them; they
// are lost all the same.
func (w *world) accepted(ctx context.Context) (unknown map[string][]string, kinds map[string]bool, err error) {
	unknown, kinds = map[string][]string{}, map[string]bool{}
	for tracker, list := range map[string][]sandbox.Delivery{"github": w.site.GitHub.Deliveries(), "jira": w.site.Jira.Deliveries()} {
		for _, d := range list {
			if d.Status != 202 {
				continue
			}
			kind := tracker + " " + d.Event + " " + d.Action
			kinds[kind] = true
			n, err := w.rdb.Exists(ctx, "{holdfast}:seen:"+tracker+":"+d.GUID).Result()
			if err != nil {
				return nil, nil, err
			}
			if n == 0 {
				unknown[kind] = append(unknown[kind], d.GUID)
			}
		}
	}
	return unknown, kinds, nil
}

// deliveriesLost counts deliveries that the disturbed service accepted and
// forgot. Kinds of which the calm one keeps nothing either are left out: they
// are accepted as of no interest.
func (r *run) deliveriesLost(ctx context.Context) int {
	ignored, known, err := r.calm.accepted(ctx)
	if err != nil {
		r.say("what the calm world accepted can't be read: %v", err)
		return 0
	}
	lost, _, err := r.rough.accepted(ctx)
	if err != nil {
		r.say("what the rough world accepted can't be read: %v", err)
		return 0
	}
	n := 0
	for kind, list := range lost {
		if known[kind] && len(ignored[kind]) == 0 {
			n += len(list)
			r.say("accepted and forgotten: %s %v", kind, list)
		}
	}
	return n
}
