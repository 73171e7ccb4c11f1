//go:build unix

package store

import (
	"os"
	"syscall"
)

// tryLock takes the exclusive lock on an open file, without waiting. The lock
// belongs to the open file, so a child that inherited it holds it too.
func tryLock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
