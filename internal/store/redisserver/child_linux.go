package redisserver

import "syscall"

// childAttributes ties the child's life to ours. SIGTERM, not SIGKILL: the
// server then closes its files in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
