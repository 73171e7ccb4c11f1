//go:build !unix

package store

import "os"

// tryLock fails where the system has no lock that a child process inherits;
// there the store needs redis.url.
func tryLock(*os.File) bool { return false }
