package transport

import (
	"net"
	"testing"
)

func TestOnlyTheSameUserIsLetIn(t *testing.T) {
	if err := sameUser(1000, 1000); err != nil {
		t.Error(err)
	}
	if err := sameUser(1001, 1000); err == nil {
		t.Error("another user was let in")
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if err := samePeer(a); err == nil {
		t.Error("a connection without a user was let in")
	}
}
