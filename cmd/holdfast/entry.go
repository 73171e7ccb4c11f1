package main

import (
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// entryLine tells one entry of a ledger in one line: what it is, the fact in
// it, and what caused it.
func entryLine(n domain.Entry) string {
	parts := []string{strings.ReplaceAll(string(n.Name), "_", " ")}
	add := func(more ...string) {
		for _, m := range more {
			if m != "" {
				parts = append(parts, m)
			}
		}
	}
	switch {
	case n.Verdict != nil:
		add(n.Verdict.Verdict, n.Verdict.Reason, "status "+n.Verdict.Status)
	case n.Action != nil:
		add(string(n.Action.Kind), n.Action.Reason, n.Action.Error)
		if len(n.Action.Refused) > 0 {
			add("refused: " + strings.Join(n.Action.Refused, ", "))
		}
	case n.Command != nil:
		add(n.Command.By, n.Command.Line)
		if n.Command.Refused != "" {
			add("refused: " + n.Command.Refused)
		}
	case n.Waiver != nil:
		add(n.Waiver.Approver, n.Waiver.Reason, "until "+orDash(when(&n.Waiver.ExpiresAt)))
	case n.Attestation != nil:
		add(n.Attestation.By, n.Attestation.URL, n.Attestation.Note)
	case n.Deployment != nil:
		add(n.Deployment.Service+"/"+n.Deployment.Environment, short(n.Deployment.SHA), n.Deployment.Version, string(n.Deployment.Status))
	case n.Change != nil:
		add(n.Change.Key(), string(n.Change.How))
	case n.Brake != nil:
		add(strconv.Itoa(n.Brake.Count)+" reopenings", n.Brake.By)
	case n.Event != nil:
		add(n.Event.Action, n.Event.Actor, string(n.Event.Ticket))
	case n.Ticket != nil:
		add(string(n.Ticket.Ref), n.Ticket.State(), string(n.Ticket.CloseReason))
	case n.Spec != nil:
		add(string(n.Spec.Priority), string(n.Spec.Type), n.Spec.Due, n.Spec.Target)
	}
	line := strings.Join(parts, " · ")
	if n.Note != "" {
		line += " — " + n.Note
	}
	if n.Cause != "" {
		line += " [" + n.Cause + "]"
	}
	return line
}
