package reconcile

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
)

// Refusal says why something may not be done, for the person who asked.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Waive grants a waiver: by an approver, for at most waiver_max.
func (s *Setup) Waive(st domain.State, who string, d time.Duration, reason string, now time.Time) (domain.Entry, error) {
	if no := s.refuseApproval(st, who); no != "" {
		return domain.Entry{}, Refusal(no)
	}
	if d <= 0 {
		return domain.Entry{}, Refusal("a waiver lasts longer than no time at all: 30m, 24h, 7d or 4w")
	}
	if limit := s.Settings(st.Spec.Team).WaiverMax; limit > 0 && d > limit {
		return domain.Entry{}, Refusal("a waiver lasts at most " + policy.Words(limit))
	}
	if reason == "" {
		return domain.Entry{}, Refusal("a waiver needs a reason")
	}
	w := &domain.Waiver{Approver: who, Reason: cut(reason, 500), GrantedAt: now, ExpiresAt: now.Add(d)}
	return domain.Entry{At: now, Kind: domain.Fact, Name: domain.Waived, Note: "Waived by " + who + " until " + utc(w.ExpiresAt) + ": " + w.Reason, Waiver: w}, nil
}

// Withdraw makes the item exempt without an end.
func (s *Setup) Withdraw(st domain.State, who, reason string, now time.Time) (domain.Entry, error) {
	if no := s.refuseApproval(st, who); no != "" {
		return domain.Entry{}, Refusal(no)
	}
	if reason == "" {
		return domain.Entry{}, Refusal("withdrawing an item needs a reason")
	}
	w := &domain.Waiver{Approver: who, Reason: cut(reason, 500), GrantedAt: now, Withdrawn: true}
	return domain.Entry{At: now, Kind: domain.Fact, Name: domain.Waived, Note: "Withdrawn by " + who + ": " + w.Reason, Waiver: w}, nil
}

// Unwaive ends a waiver or a withdrawal.
func (s *Setup) Unwaive(st domain.State, who string, now time.Time) (domain.Entry, error) {
	if no := s.refuseApproval(st, who); no != "" {
		return domain.Entry{}, Refusal(no)
	}
	if st.Waiver == nil {
		return domain.Entry{}, Refusal("there is no waiver to end")
	}
	return domain.Entry{At: now, Kind: domain.Fact, Name: domain.Unwaived, Note: "The waiver was ended by " + who + "."}, nil
}

// Attest vouches for work without code: by an approver, or by the owner for
// the priorities in self_attest.
func (s *Setup) Attest(st domain.State, who, link, note string, now time.Time) (domain.Entry, error) {
	self := false
	if no := s.refuseApproval(st, who); no != "" {
		self = s.owns(st, who) && slices.Contains(s.Settings(st.Spec.Team).SelfAttest, st.Spec.Priority)
		if !self {
			return domain.Entry{}, Refusal(no)
		}
	}
	a := &domain.Attestation{By: who, URL: cut(link, 1000), Note: cut(note, 500), At: now, Self: self}
	text := "Attested by " + who
	if self {
		text += ", the owner"
	}
	return domain.Entry{At: now, Kind: domain.Fact, Name: domain.Attested, Note: text + ": " + a.URL, Attestation: a}, nil
}
