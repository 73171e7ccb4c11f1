package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

func (c *call) listHooks() answer {
	if c.g.hookURL == "" {
		return answer{http.StatusOK, []obj{}}
	}
	return answer{http.StatusOK, []obj{c.g.wireHook(c.repo)}}
}

// hook reports whether the path names the webhook.
func (c *call) hook() bool { return c.g.hookURL != "" && c.number("hook") == hookID }

func (c *call) getHook() answer {
	if !c.hook() {
		return notFound
	}
	return answer{http.StatusOK, c.g.wireHook(c.repo)}
}

func (c *call) pingHook() answer {
	if !c.hook() {
		return notFound
	}
	c.g.emit(c.repo, "ping", "", c.login, obj{"zen": "Keep it logically awesome.", "hook_id": hookID, "hook": c.g.wireHook(c.repo)})
	return nothingHere
}

// deliveries are those of this repository, newest first.
func (c *call) deliveries() []Delivery {
	var found []Delivery
	for _, d := range newestFirst(c.g.courier.list()) {
		if strings.EqualFold(d.Subject, c.repo.full) && d.Sent {
			found = append(found, d)
		}
	}
	return found
}

func (c *call) wireDelivery(d Delivery) obj {
	status, action := http.StatusText(d.Status), orNull(d.Action)
	if d.Err != "" {
		status = "failed to connect to host"
		if d.Duration >= deliveryTimeout {
			status = "timed out"
		}
	}
	return obj{
		"id": d.ID, "guid": d.GUID, "delivered_at": when(d.At), "redelivery": d.Redelivery, "duration": d.Duration.Seconds(),
		"status": status, "status_code": d.Status, "event": d.Event, "action": action, "installation_id": nil, "repository_id": c.repo.id,
		"throttled_at": nil,
	}
}

func (c *call) listDeliveries() answer {
	if !c.hook() {
		return notFound
	}
	return list(c, c.deliveries(), c.wireDelivery)
}

func (c *call) getDelivery() answer {
	if !c.hook() {
		return notFound
	}
	for _, d := range c.deliveries() {
		if d.ID == c.id("id") {
			out := c.wireDelivery(d)
			headers := obj{}
			for k := range d.Header {
				headers[k] = d.Header.Get(k)
			}
			out["url"] = d.URL
			out["request"], out["response"] = obj{"headers": headers, "payload": json.RawMessage(d.Body)}, obj{"headers": obj{}, "payload": ""}
			return answer{http.StatusOK, out}
		}
	}
	return notFound
}

func (c *call) redeliver() answer {
	if !c.hook() {
		return notFound
	}
	for _, d := range c.deliveries() {
		if d.ID == c.id("id") && c.g.courier.redeliver(d.ID) {
			return answer{http.StatusAccepted, obj{}}
		}
	}
	return notFound
}
