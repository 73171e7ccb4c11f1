package demo

import (
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

const (
	checkoutRepo = "acme/checkout"
	paymentsRepo = "acme/payments"
	botToken     = "demo-token-of-the-bot"
	hookSecret   = "demo-webhook-secret"
)

// config is the configuration of the demo, in the words in which every
// installation writes its own.
func (s *stage) config() string {
	return fmt.Sprintf(`
listen: %[1]q
public_url: "http://%[1]s"
trackers:
  - {name: github, kind: github, api_url: %[2]q, token: %[4]q, webhook_secret: %[5]q}
  - name: jira
    kind: jira
    url: %[3]q
    user: bot@acme.example
    token: %[4]q
    webhook_secret: %[5]q
    projects:
      PAY: {issue_type: Task, reopen_fields: {%[6]s: "Not in production yet"}}
services:
  - {name: checkout, aliases: [Checkout service], repo: %[7]s, tickets: "github:%[7]s", production: [prod-eu], team: shop}
  - {name: payments, repo: %[8]s, tickets: "jira:PAY", production: [prod-eu], team: shop}
defaults: {tickets: "github:%[7]s", team: shop}
teams:
  - name: shop
    timezone: UTC
    leads: [{name: Lead, email: lead@acme.example}]
    approvers: [alice]
    default_assignee: bob
people:
  - {name: Alice, github: alice, jira: account-alice}
  - {name: Bob, github: bob, jira: account-bob}
policy:
  rollback_grace: 1s   # half an hour by default; nobody wants to wait for that in a demo
`, s.url[len("http://"):], s.ghURL, s.jURL, botToken, hookSecret, sandbox.ReopenField, checkoutRepo, paymentsRepo)
}

// document is the postmortem of the demo.
const document = `---
id: 2026-11-01-checkout-down
title: Checkout down for 40 minutes
date: 2026-11-01
severity: SEV1
---

# Checkout down for 40 minutes

A slow payment provider took all workers of the checkout with it.

## Action items

| Action item | Priority | Type | Owner | Service |
| --- | --- | --- | --- | --- |
| Time out calls to the payment provider | P1 | Prevent | Bob | checkout |
| Alert when the pool of workers is nearly used up | P2 | Detect | Alice | checkout |
| Retry refunds that the provider did not confirm | P1 | Prevent | Bob | payments |
`
