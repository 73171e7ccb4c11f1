package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
	"sync"
)

// key checks what was signed with one secret.
type key struct {
	digest   [sha256.Size]byte // of the secret: equal lengths to compare
	macs     sync.Pool         // of hash.Hash: setting one up costs two blocks
	trackers []*tracker
}

func newKey(secret []byte) *key {
	secret = append([]byte(nil), secret...)
	k := &key{digest: sha256.Sum256(secret)}
	k.macs.New = func() any { return hmac.New(sha256.New, secret) }
	return k
}

// signed reports whether signature is the HMAC-SHA256 of body, in constant
// time.
func (k *key) signed(body []byte, signature *[sha256.Size]byte) bool {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write(body)
	var sum [sha256.Size]byte
	return hmac.Equal(mac.Sum(sum[:0]), signature[:])
}

// holds reports whether secret is the key's secret, in constant time.
func (k *key) holds(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], k.digest[:]) == 1
}

// signatureOf reads a header of the form sha256=<64 hex digits>. A header
// that comes twice counts as malformed: which of them would a proxy check?
func signatureOf(h http.Header, name string) (sum [sha256.Size]byte, present, ok bool) {
	values := h[name]
	if len(values) == 0 {
		return sum, false, false
	}
	digits, found := strings.CutPrefix(values[0], "sha256=")
	if len(values) > 1 || !found || len(digits) != hex.EncodedLen(len(sum)) {
		return sum, true, false
	}
	_, err := hex.Decode(sum[:], []byte(digits))
	return sum, true, err == nil
}
