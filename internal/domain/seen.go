package domain

// Seen is an earlier item that is similar to a new one: the same thing was
// met before.
type Seen struct {
	Item  string `json:"item"`
	Title string `json:"title"`
	State string `json:"state"` // in words, as it was then: "still open"
	URL   string `json:"url,omitempty"`
}
