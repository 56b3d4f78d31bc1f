package transport

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// samePeer makes sure that the process at the other end of a Unix socket belongs to this user. The kernel noted that user when the connection was made.
func samePeer(conn net.Conn) error {
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("%v is no Unix socket", conn.RemoteAddr())
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return err
	}
	var cred *syscall.Ucred
	var sockErr error
	if err := raw.Control(func(fd uintptr) {
		cred, sockErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return err
	}
	if sockErr != nil {
		return fmt.Errorf("asking who is at the other end of the socket: %w", sockErr)
	}
	return sameUser(int(cred.Uid), os.Geteuid())
}

func sameUser(theirs, ours int) error {
	if theirs != ours {
		return fmt.Errorf("the other end of the socket belongs to user %d, not %d", theirs, ours)
	}
	return nil
}
