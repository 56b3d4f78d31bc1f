package transport

import (
	"fmt"
	"os"
	"syscall"
)

const canSendFile = true

// sendFile sends n bytes of file from offset on, without moving the file's own position: others read it at the same time, and
// that is why the standard library's way, which reads from the position, does not do.
func sendFile(conn syscall.Conn, file *os.File, offset, n int64) error {
	to, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	from, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	read := func(fileFD uintptr) {
		write := func(connFD uintptr) (done bool) {
			for n > 0 {
				sent, err := syscall.Sendfile(int(connFD), int(fileFD), &offset, int(n))
				switch {
				case err == syscall.EINTR:
					continue
				case err == syscall.EAGAIN:
					return false // until the peer has read, or the deadline
				case err != nil:
					failed = os.NewSyscallError("sendfile", err)
					return true
				case sent == 0:
					failed = fmt.Errorf("%s ends before byte %d", file.Name(), offset+n)
					return true
				}
				n -= int64(sent)
			}
			return true
		}
		if err := to.Write(write); err != nil {
			failed = err
		}
	}
	if err := from.Control(read); err != nil {
		return err
	}
	return failed
}
