package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// keys builds every key of the ledger. All carry one hash tag, so a cluster
// keeps them in one slot and a script may touch any of them.
type keys struct {
	tag string
}

func newKeys(prefix string) keys { return keys{tag: "{" + cleanPrefix(prefix) + "}:"} }

// The queue: subject → …
func (k keys) due() string      { return k.tag + "due" }      // zset: when it must be looked at, ms; while leased, the lease's end
func (k keys) leases() string   { return k.tag + "leases" }   // hash: token of the holder
func (k keys) touched() string  { return k.tag + "touched" }  // hash: earliest time it was touched for while leased, ms
func (k keys) attempts() string { return k.tag + "attempts" } // hash: failed looks in a row
func (k keys) leaseGen() string { return k.tag + "lease-gen" }
func (k keys) channel() string  { return k.tag + "wake" } // of PUBLISH; no key

// queue lists the keys with which every script that touches subjects begins.
func (k keys) queue() []string {
	return []string{k.due(), k.leases(), k.touched(), k.attempts()}
}

// Events.
func (k keys) events() string  { return k.tag + "events" }  // stream: JSON in field e
func (k keys) tickets() string { return k.tag + "tickets" } // hash: refField → item
func (k keys) pushed() string  { return k.tag + "pushed" }  // hash: repository → newest push to its default branch, ms

// Deliveries that were recorded: hashes seenField → nonce, and since → when the
// period began, ms. Every so often the first takes the place of the second.
func (k keys) seen() string       { return k.tag + "seen" }
func (k keys) seenBefore() string { return k.tag + "seen-before" }

func (k keys) claims(field string) string { return k.tag + "claims:" + field } // list: entries that wait for the ticket

// Items.
func (k keys) log(item string) string  { return k.tag + "item:" + item + ":log" }   // list: entries; it exists as long as the item does
func (k keys) item(item string) string { return k.tag + "item:" + item + ":state" } // hash: s = snapshot, a = entries in it, o = entries that left the log
func (k keys) items() string           { return k.tag + "items" }                   // zset: item → serial of filing
func (k keys) serial() string          { return k.tag + "serial" }                  // counter of filings
func (k keys) byService() string       { return k.tag + "items-by-service" }        // zset, lexical: service LF item
func (k keys) servicesOf() string      { return k.tag + "services-of-item" }        // hash: item → its services, LF between
func (k keys) watched() string         { return k.tag + "watched" }                 // zset, lexical: word LF item
func (k keys) watchesOf() string       { return k.tag + "watches-of-item" }         // hash: item → its words, LF between
func (k keys) byPostmortem() string    { return k.tag + "items-by-postmortem" }     // zset, lexical: postmortem LF item

// Postmortems.
func (k keys) postmortem(id string) string { return k.tag + "postmortem:" + id } // JSON
func (k keys) postmortems() string         { return k.tag + "postmortems" }      // zset: id → serial of filing

// Deployments.
func (k keys) receipts() string          { return k.tag + "receipts" }            // counter
func (k keys) deployments() string       { return k.tag + "deployments" }         // hash: receipt → JSON
func (k keys) identities() string        { return k.tag + "deployment-ids" }      // hash: what is known of (service, environment, id)
func (k keys) byDeployment() string      { return k.tag + "deployments-by-id" }   // zset, lexical: id LF receipt
func (k keys) ofTarget(t string) string  { return k.tag + "deployments-of:" + t } // zset: receipt
func (k keys) ofService(s string) string { return k.tag + "deployments-of-service:" + s }
func (k keys) successes(t string) string { return k.tag + "successes-of:" + t } // zset: order → finished, µs

// Reports and messages.
func (k keys) reports(scope string) string { return k.tag + "reports:" + escape(scope) } // hash: week → JSON
func (k keys) figures(scope string) string { return k.tag + "figures:" + escape(scope) } // hash: week → JSON
func (k keys) sendings(week string) string { return k.tag + "sendings:" + short(week) }  // hash: channel and address → JSON

// What the store is.
func (k keys) identity() string { return k.tag + "identity" } // a random word
func (k keys) probe() string    { return k.tag + "probe" }    // written to see whether writes go through

// Dead letters.
func (k keys) letters() string   { return k.tag + "dead-letters" }    // hash: id → JSON; id:payload, id:first (ms), id:count
func (k keys) lettersAt() string { return k.tag + "dead-letters-at" } // zset: id → when it failed last, ms

// The rest.
func (k keys) importing() string         { return k.tag + "importing" }             // digest of the file that is being put in
func (k keys) schema() string            { return k.tag + "schema" }                // hash: version, by
func (k keys) migration() string         { return k.tag + "migration" }             // token of the process that migrates
func (k keys) paused() string            { return k.tag + "paused" }                // hash: on, by, at
func (k keys) groups() string            { return k.tag + "groups" }                // zset: cause → opened, ms
func (k keys) group(cause string) string { return k.tag + "group:" + short(cause) } // hash
func (k keys) meta(key string) string    { return k.tag + "meta:" + key }

// short keeps a part of a key that others choose from growing without bound.
func short(s string) string {
	if len(s) <= 120 {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return s[:40] + "~" + hex.EncodeToString(sum[:])
}

// seenField is a delivery's name among those that were recorded.
func seenField(tracker, id string) string { return short(tracker) + ":" + short(id) }

// refField is a ticket's name in the index. Repositories are the same in any
// case, and texts spell them in any.
func refField(r domain.Ref) string { return short(strings.ToLower(string(r))) }

// place is (service, environment) as part of a key or of an identity.
func place(service, environment string) string {
	return escape(service) + "/" + escape(environment)
}

func escape(s string) string { return short(url.QueryEscape(s)) }

func itemSubject(id string) string { return "item/" + id }
