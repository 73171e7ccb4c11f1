package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

var (
	now   = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	eu    = domain.Target{Service: "checkout", Environment: "prod-eu"}
	us    = domain.Target{Service: "checkout", Environment: "prod-us"}
	rules = Rules{RollbackGrace: 30 * time.Minute, CloseWhenVerified: CloseClosedEarly, Watch: 30 * 24 * time.Hour, UnknownTimeout: 72 * time.Hour,
		EscalateAfter: 3, BackoffFirst: time.Minute, BackoffMax: 24 * time.Hour}
)

func live(sha string) *domain.Deployment {
	return &domain.Deployment{SHA: sha, Percent: 100, FinishedAt: now.Add(-time.Hour), ReceivedAt: now.Add(-time.Hour)}
}

func in() Presence     { return Presence{Contained: Yes, Since: now.Add(-time.Hour)} }
func absent() Presence { return Presence{Contained: No, Behind: 7} }

// given is a closed ticket with one landed change that runs nowhere.
func given(edit ...func(*Facts)) Facts {
	f := Facts{
		Now: now, Filed: true, Closed: true, CloseReason: domain.Completed, ClosedAt: now.Add(-time.Minute), CloseSeenAt: now.Add(-time.Minute),
		Services: []Service{{Name: "checkout", Repo: "acme/checkout", Heard: true, Targets: []Target{
			{Target: eu, Live: live("aaa"), Known: true}, {Target: us, Live: live("aaa"), Known: true},
		}}},
		Changes: []Change{{
			Change:   domain.Change{Repo: "acme/checkout", SHA: "c0ffee", PullRequest: 7, LandedAt: now.Add(-2 * time.Hour)},
			Services: []string{"checkout"}, Presence: map[domain.Target]Presence{eu: absent(), us: absent()},
		}},
	}
	for _, e := range edit {
		e(&f)
	}
	return f
}

func everywhere(f *Facts) { f.Changes[0].Presence = map[domain.Target]Presence{eu: in(), us: in()} }
func open(f *Facts)       { f.Closed, f.CloseReason, f.ClosedAt = false, "", time.Time{} }
func accepted(f *Facts) {
	f.AcceptedAt, f.AcceptedVerdict, f.EverAccepted = now.Add(-time.Hour), Verified, true
}
func reopenedByUs(f *Facts) {
	open(f)
	f.ReopenedByUs, f.ReopenCount, f.Awaiting, f.HasComment, f.CommentReason = true, 1, true, true, NotDeployed
}
func set(t domain.Target, p Presence) func(*Facts) {
	return func(f *Facts) { f.Changes[0].Presence[t] = p }
}

func TestDecide(t *testing.T) {
	type want struct {
		verdict Verdict
		reason  Reason
		status  Status
		acts    []Act
		accept  bool
		look    time.Duration // from now; 0: not asked for
	}
	cases := []struct {
		name  string
		facts Facts
		rules func(*Rules)
		want  want
	}{
		{name: "an item without a ticket is being filed", facts: Facts{Now: now}, want: want{NotVerified, NoLinkedChange, StatusFiling, nil, false, 0}},
		{name: "an item done in its document needs no ticket", facts: Facts{Now: now, NoTicket: true}, want: want{Exempt, "", StatusWaived, nil, false, 0}},
		{name: "a lost ticket is left alone", facts: given(func(f *Facts) { f.Lost = true }), want: want{NotVerified, NotDeployed, StatusLost, nil, false, 0}},
		{name: "closed before it was adopted stays closed", facts: given(func(f *Facts) { f.Final = true }), want: want{Exempt, "", StatusWaived, nil, false, 0}},

		{name: "closed after it shipped everywhere is accepted silently", facts: given(everywhere), want: want{Verified, "", StatusDone, nil, true, 0}},
		{name: "an accepted close takes the label off and corrects the comment", facts: given(everywhere, func(f *Facts) { f.Awaiting, f.HasComment = true, true }),
			want: want{Verified, "", StatusDone, []Act{ActUnlabel, ActSay}, true, 0}},
		{name: "closed early is reopened at once without a grace", facts: given(), want: want{NotVerified, NotDeployed, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "closed early is labelled at once and reopened after the grace", facts: given(), rules: func(r *Rules) { r.Grace = time.Hour },
			want: want{NotVerified, NotDeployed, StatusClosedEarly, []Act{ActLabel}, false, 59 * time.Minute}},
		{name: "after the grace it is reopened", facts: given(func(f *Facts) { f.CloseSeenAt = now.Add(-61 * time.Minute) }), rules: func(r *Rules) { r.Grace = time.Hour },
			want: want{NotVerified, NotDeployed, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "closed before the rule was in force is never reopened", facts: given(), rules: func(r *Rules) { r.EnforceSince = now },
			want: want{NotVerified, NotDeployed, StatusClosedEarly, nil, false, 0}},

		{name: "no change is never verified", facts: given(func(f *Facts) { f.Changes = nil }), want: want{NotVerified, NoLinkedChange, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "an attestation verifies work without code", facts: given(func(f *Facts) { f.Changes, f.Attested, f.AttestedAt = nil, true, now }), want: want{Verified, "", StatusDone, nil, true, 0}},
		{name: "an attestation replaces no linked change", facts: given(func(f *Facts) { f.Attested = true }), want: want{NotVerified, NotDeployed, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "no deployment was ever heard", facts: given(func(f *Facts) {
			f.Services[0].Heard = false
			f.Services[0].Targets[0].Live, f.Services[0].Targets[1].Live = nil, nil
		}), want: want{NotVerified, NoDeploymentHeard, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "a service without a production environment proves nothing", facts: given(func(f *Facts) { f.Services[0].Targets = nil }),
			want: want{NotVerified, NoDeploymentHeard, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "one environment of two is partial", facts: given(set(eu, in())), want: want{NotVerified, PartiallyDeployed, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "one environment of two is enough where one is required", facts: given(set(eu, in()), func(f *Facts) { f.Services[0].Require = 1 }), want: want{Verified, "", StatusDone, nil, true, 0}},
		{name: "every change must be there", facts: given(everywhere, func(f *Facts) {
			f.Changes = append(f.Changes, Change{Change: domain.Change{Repo: "acme/checkout", SHA: "beef"}, Services: []string{"checkout"}, Presence: map[domain.Target]Presence{eu: absent(), us: absent()}})
		}), want: want{NotVerified, PartiallyDeployed, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "a named service that no change concerns holds nothing up", facts: given(everywhere, func(f *Facts) {
			f.Services = append(f.Services, Service{Name: "payments"})
		}), want: want{Verified, "", StatusDone, nil, true, 0}},
		{name: "a canary proves nothing", facts: given(func(f *Facts) {
			p := absent()
			p.InCanary = true
			f.Changes[0].Presence[eu] = p
			f.Services[0].Targets[0].Canary = &domain.Deployment{Percent: 10}
		}), want: want{NotVerified, Canary, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "a revert undoes it", facts: given(everywhere, set(eu, Presence{Contained: No, Reverted: true})), want: want{NotVerified, Reverted, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "soaking is labelled, not reopened", facts: given(everywhere), rules: func(r *Rules) { r.Soak = 24 * time.Hour },
			want: want{NotVerified, Soaking, StatusSoaking, []Act{ActLabel}, false, 23 * time.Hour}},
		{name: "an open pull request holds it back", facts: given(everywhere, func(f *Facts) { f.OpenPull = "acme/checkout#8" }), want: want{NotVerified, NotMerged, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},

		{name: "an unknown live commit is held with the label", facts: given(everywhere, func(f *Facts) { f.Services[0].Targets[0].Known = false }),
			want: want{Unknown, RevisionUnknown, StatusClosedEarly, []Act{ActLabel}, false, time.Minute}},
		{name: "an unknown commit is asked for ever more seldom", facts: given(everywhere, func(f *Facts) {
			f.Services[0].Targets[0].Known, f.Awaiting, f.UnknownTicks = false, true, now.Add(-20*time.Minute)
		}), want: want{Unknown, RevisionUnknown, StatusClosedEarly, nil, false, 20 * time.Minute}},
		{name: "where something is known to lack it, that goes first", facts: given(set(us, absent()), func(f *Facts) { f.Services[0].Targets[0].Known = false }),
			want: want{NotVerified, NotDeployed, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "a change that concerns no service is asked about once", facts: given(func(f *Facts) { f.Changes[0].Services = nil }),
			want: want{Unknown, NoServiceConcerned, StatusClosedEarly, []Act{ActLabel, ActAsk}, false, 72 * time.Hour}},
		{name: "it is not asked twice", facts: given(func(f *Facts) {
			f.Changes[0].Services, f.Awaiting = nil, true
			f.Asked = map[string]bool{string(NoServiceConcerned): true}
		}), want: want{Unknown, NoServiceConcerned, StatusClosedEarly, nil, false, 72 * time.Hour}},
		{name: "a probable equivalent is asked about", facts: given(everywhere, set(eu, Presence{Contained: Maybe, Reason: ProbableEquivalent})),
			want: want{Unknown, ProbableEquivalent, StatusClosedEarly, []Act{ActLabel, ActAsk}, false, 72 * time.Hour}},
		{name: "the clock stands still while the evidence cannot be had", facts: given(everywhere, set(eu, Presence{Contained: Maybe})),
			want: want{Unknown, EvidenceUnavailable, StatusClosedEarly, []Act{ActLabel}, false, time.Minute}},
		{name: "unknown for too long is treated as not verified", facts: given(everywhere, set(eu, Presence{Contained: Maybe, Reason: RevisionUnknown}), func(f *Facts) {
			f.Awaiting, f.UnknownTicks = true, now.Add(-73*time.Hour)
		}), want: want{Unknown, RevisionUnknown, StatusClosedEarly, []Act{ActReopen, ActSay}, false, time.Hour}},

		{name: "reopened by us and shipped is closed with the proof", facts: given(everywhere, reopenedByUs), want: want{Verified, "", StatusVerified, []Act{ActClose, ActSay}, true, 0}},
		{name: "the comment follows the reason", facts: given(reopenedByUs, func(f *Facts) { f.CommentReason = NotMerged }), want: want{NotVerified, NotDeployed, StatusAwaiting, []Act{ActSay}, false, 0}},
		{name: "how it was closed stays said", facts: given(reopenedByUs, func(f *Facts) { f.CommentReason = NotPlannedWithoutWaiver }), want: want{NotVerified, NotDeployed, StatusAwaiting, nil, false, 0}},
		{name: "a close that the tracker refuses is tried again once a day", facts: given(everywhere, reopenedByUs, func(f *Facts) { f.CloseRefusedAt = now.Add(-time.Hour) }),
			want: want{Verified, "", StatusVerified, nil, false, 23 * time.Hour}},
		{name: "with never it only says so", facts: given(everywhere, reopenedByUs), rules: func(r *Rules) { r.CloseWhenVerified = CloseNever },
			want: want{Verified, "", StatusVerified, []Act{ActUnlabel, ActSay}, false, 0}},
		{name: "an open item that shipped is left open", facts: given(everywhere, open), want: want{Verified, "", StatusVerified, nil, false, 0}},
		{name: "with always it is closed", facts: given(everywhere, open), rules: func(r *Rules) { r.CloseWhenVerified = CloseAlways },
			want: want{Verified, "", StatusVerified, []Act{ActClose, ActSay}, true, 0}},
		{name: "what a person reopened last is never closed", facts: given(everywhere, open, func(f *Facts) { f.PersonReopenedLast = true }), rules: func(r *Rules) { r.CloseWhenVerified = CloseAlways },
			want: want{Verified, "", StatusVerified, nil, false, 0}},
		{name: "open with a landed change awaits its deployment", facts: given(open), want: want{NotVerified, NotDeployed, StatusAwaiting, nil, false, 0}},
		{name: "open without a change is open", facts: given(open, func(f *Facts) { f.Changes = nil }), want: want{NotVerified, NoLinkedChange, StatusOpen, nil, false, 0}},

		{name: "an accepted item is watched", facts: given(everywhere, accepted), want: want{Verified, "", StatusDone, nil, false, 30*24*time.Hour - time.Hour + time.Second}},
		{name: "a rollback waits for its grace", facts: given(accepted, set(eu, Presence{Contained: No, Was: true}), func(f *Facts) {
			f.Services[0].Targets[0].Live.ReceivedAt = now.Add(-10 * time.Minute)
		}), want: want{NotVerified, RolledBack, StatusRegressed, nil, false, 20 * time.Minute}},
		{name: "after the rollback grace it is reopened with a new comment", facts: given(accepted, set(eu, Presence{Contained: No, Was: true})),
			want: want{NotVerified, RolledBack, StatusRegressed, []Act{ActReopen, ActSayNew}, false, 0}},
		{name: "a regression whose reopening was refused is not told a second time", facts: given(accepted, set(eu, Presence{Contained: No, Was: true}), func(f *Facts) { f.RegressionTold = true }),
			want: want{NotVerified, RolledBack, StatusRegressed, []Act{ActReopen, ActSay}, false, 0}},
		{name: "rolled forward again and soaking stays silent", facts: given(accepted, everywhere), rules: func(r *Rules) { r.Soak = 2 * time.Hour },
			want: want{NotVerified, Soaking, StatusSoaking, nil, false, time.Hour}},
		{name: "accepted and now unknown: nothing on the ticket", facts: given(accepted, everywhere, func(f *Facts) { f.Services[0].Targets[0].Known = false }),
			want: want{Unknown, RevisionUnknown, StatusClosedEarly, nil, false, time.Minute}},
		{name: "after the watch it is final", facts: given(accepted, func(f *Facts) { f.AcceptedAt = now.Add(-31 * 24 * time.Hour) }), want: want{Verified, "", StatusDone, nil, false, 0}},

		{name: "closed as not planned needs a waiver", facts: given(everywhere, func(f *Facts) { f.CloseReason = domain.NotPlanned }),
			want: want{NotVerified, NotPlannedWithoutWaiver, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "the policy may give leave", facts: given(func(f *Facts) { f.CloseReason = domain.NotPlanned }), rules: func(r *Rules) { r.NotPlannedAllowed = true },
			want: want{Exempt, "", StatusWaived, nil, true, 0}},
		{name: "a waiver gives leave until it ends", facts: given(func(f *Facts) { f.CloseReason, f.Waived, f.WaiverExpires = domain.NotPlanned, true, now.Add(time.Hour) }),
			want: want{Exempt, "", StatusWaived, nil, true, time.Hour}},
		{name: "a waiver that ended reopens, however long ago it was accepted", facts: given(func(f *Facts) {
			f.AcceptedAt, f.AcceptedVerdict, f.EverAccepted = now.Add(-80*24*time.Hour), Exempt, true
			f.WaiverLapsed, f.WaiverExpires = true, now.Add(-time.Second)
		}), want: want{NotVerified, WaiverExpired, StatusRegressed, []Act{ActReopen, ActSayNew}, false, 0}},
		{name: "a waiver that ended does not matter once the fix ships", facts: given(everywhere, func(f *Facts) {
			f.AcceptedAt, f.AcceptedVerdict, f.EverAccepted, f.WaiverLapsed = now.Add(-time.Hour), Exempt, true, true
		}), want: want{Verified, "", StatusDone, nil, false, 30*24*time.Hour - time.Hour + time.Second}},
		{name: "a duplicate of a tracked item is exempt", facts: given(func(f *Facts) { f.CloseReason, f.DuplicateOK = domain.Duplicate, true }), want: want{Exempt, "", StatusWaived, nil, true, 0}},
		{name: "a duplicate of anything else needs a waiver", facts: given(func(f *Facts) { f.CloseReason = domain.Duplicate }),
			want: want{NotVerified, NotPlannedWithoutWaiver, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},

		{name: "a person reopened an accepted item: older evidence does not count", facts: given(everywhere, func(f *Facts) { f.NewerEvidenceSince, f.EverAccepted = now.Add(-time.Hour), true }),
			want: want{NotVerified, ReopenedByPerson, StatusRegressed, []Act{ActReopen, ActSay}, false, 0}},
		{name: "a change that landed after the reopening counts", facts: given(everywhere, func(f *Facts) { f.NewerEvidenceSince = now.Add(-3 * time.Hour) }),
			want: want{Verified, "", StatusDone, nil, true, 0}},

		{name: "the third reopening is made at once", facts: given(func(f *Facts) { f.ReopenCount = 2 }), want: want{NotVerified, NotDeployed, StatusClosedEarly, []Act{ActReopen, ActSay}, false, 0}},
		{name: "the fourth waits, and the lead has been told", facts: given(func(f *Facts) {
			f.ReopenCount, f.Awaiting, f.EscalatedAt, f.CloseSeenAt = 3, true, now, now
		}), want: want{NotVerified, NotDeployed, StatusClosedEarly, nil, false, time.Minute}},
		{name: "the lead is told once", facts: given(reopenedByUs, func(f *Facts) { f.ReopenCount = 3 }), want: want{NotVerified, NotDeployed, StatusAwaiting, []Act{ActTell}, false, 0}},
		{name: "a refused reopening is tried again once a day", facts: given(func(f *Facts) { f.ReopenRefusedAt, f.Awaiting = now.Add(-10*time.Second), true }),
			want: want{NotVerified, NotDeployed, StatusClosedEarly, nil, false, 24*time.Hour - 10*time.Second}},
	}
	given := map[Reason]bool{}
	for _, c := range cases {
		given[c.want.reason] = true
		t.Run(c.name, func(t *testing.T) {
			r := rules
			if c.rules != nil {
				c.rules(&r)
			}
			d := Decide(r, c.facts)
			got := want{d.Verdict, d.Reason, d.Status, d.Acts, d.Accept, 0}
			if !d.LookAgainAt.IsZero() {
				got.look = d.LookAgainAt.Sub(now)
			}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if again := Decide(r, c.facts); cmp.Diff(d, again) != "" {
				t.Error("the same facts gave another decision")
			}
		})
	}
	for reason := range reasonOrder {
		if !given[reason] {
			t.Errorf("no case for the reason %s", reason)
		}
	}
}

func TestBackoffDoublesUpToItsEnd(t *testing.T) {
	for count, want := range map[int]time.Duration{0: 0, 2: 0, 3: time.Minute, 4: 2 * time.Minute, 5: 4 * time.Minute, 30: 24 * time.Hour} {
		if got := Backoff(rules, count); got != want {
			t.Errorf("after %d reopenings: %v, want %v", count, got, want)
		}
	}
}

// FuzzDecide checks what must hold for any facts: carrying out what was
// decided leaves nothing to be done but to wait.
func FuzzDecide(f *testing.F) {
	f.Add(uint32(0), int8(0), int8(0))
	f.Add(uint32(0xffffffff), int8(3), int8(2))
	f.Add(uint32(0x0f0f0f0f), int8(1), int8(1))
	f.Fuzz(func(t *testing.T, bits uint32, e, u int8) {
		bit := func(n int) bool { return bits>>n&1 == 1 }
		answers := []Presence{in(), absent(), {Contained: Maybe, Reason: ProbableEquivalent}, {Contained: No, Was: true}, {Contained: Maybe}}
		pick := func(n int8) Presence { return answers[int(uint8(n))%len(answers)] }
		facts := given(set(eu, pick(e)), set(us, pick(u)))
		facts.Filed, facts.Lost, facts.Final, facts.Closed = !bit(0), bit(1), bit(2) && bit(3), bit(4)
		if bit(5) {
			facts.CloseReason = domain.NotPlanned
		}
		if bit(6) {
			facts.Changes = nil
		}
		facts.Waived, facts.WaiverLapsed, facts.Attested = bit(7), bit(8) && !bit(7), bit(9)
		if bit(10) {
			accepted(&facts)
		}
		facts.ReopenedByUs, facts.PersonReopenedLast = bit(11), bit(12) && !bit(11)
		facts.Awaiting, facts.HasComment = bit(13), bit(14)
		facts.ReopenCount = int(bits>>15) & 7
		r := rules
		if bit(18) {
			r.Soak = 3 * time.Hour
		}
		if bit(19) {
			r.CloseWhenVerified = CloseAlways
		}
		if bit(20) {
			r.Grace = time.Hour
		}
		for range 4 {
			d := Decide(r, facts)
			if d.Verdict == "" || d.Status == "" {
				t.Fatalf("no verdict or status: %+v", d)
			}
			if d.Does(ActReopen) && (!facts.Closed || facts.Lost || facts.Final) {
				t.Fatalf("reopens what is not closed: %+v", d)
			}
			if d.Does(ActClose) && (facts.Closed || facts.PersonReopenedLast) {
				t.Fatalf("closes what it must not: %+v", d)
			}
			if d.Does(ActReopen) && (d.Verdict == Verified || d.Verdict == Exempt) {
				t.Fatalf("reopens what is accepted: %+v", d)
			}
			if len(d.Acts) == 0 && !d.Accept {
				return
			}
			carryOut(&facts, d)
		}
		d := Decide(r, facts)
		for _, a := range d.Acts {
			if a != ActSay { // saying the same again is recognised and not done
				t.Fatalf("does not come to rest: %v", d.Acts)
			}
		}
	})
}

func carryOut(f *Facts, d Decision) {
	if d.Accept {
		f.AcceptedAt, f.AcceptedVerdict, f.EverAccepted, f.ReopenCount, f.EscalatedAt = f.Now, d.Verdict, true, 0, time.Time{}
	}
	for _, a := range d.Acts {
		switch a {
		case ActLabel:
			f.Awaiting = true
		case ActUnlabel:
			f.Awaiting = false
		case ActReopen:
			f.Closed, f.ReopenedByUs, f.PersonReopenedLast, f.Awaiting = false, true, false, true
			f.AcceptedAt, f.AcceptedVerdict = time.Time{}, ""
			f.ReopenCount++
		case ActClose:
			f.Closed, f.CloseReason, f.ClosedAt, f.CloseSeenAt, f.Awaiting = true, domain.Completed, f.Now, f.Now, false
		case ActSay, ActSayNew:
			f.HasComment, f.CommentReason = true, d.Reason
		case ActAsk:
			f.Asked = map[string]bool{string(d.Reason): true}
		case ActTell:
			f.EscalatedAt = f.Now
		}
	}
}
