//go:build !linux

package transport

import (
	"errors"
	"os"
	"syscall"
)

const canSendFile = false

func sendFile(syscall.Conn, *os.File, int64, int64) error { return errors.ErrUnsupported }
