package chaos

import "syscall"

// childAttributes gives a child a process group of its own, as a Ctrl-C at the
// terminal is for us, who end it; and ends it when we are killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
