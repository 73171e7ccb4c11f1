//go:build !linux

package redisserver

import "syscall"

// childAttributes is empty where a child's life can't be tied to ours: after a
// kill of this process the server must be ended by hand.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
