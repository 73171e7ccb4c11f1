//go:build !linux

package chaos

import "syscall"

// childAttributes gives a child a process group of its own: a Ctrl-C at the
// terminal is for us, who end it.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
