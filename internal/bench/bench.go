// Package bench holds the measurements that the project quotes, each beside a
// peer in the same run, so that what counts is a ratio and not the machine.
// Run them with make bench. It holds no code that the product uses.
package bench
