package main

import (
	"os"
	"testing"

	"github.com/kilnproject/kiln"
)

// TestMain lets the executors of local-cluster be made of this binary.
func TestMain(m *testing.M) {
	kiln.Init()
	os.Exit(m.Run())
}

// everywhere runs a test on threads and on executor processes.
func everywhere(t *testing.T, test func(t *testing.T, s *kiln.Session)) {
	for _, master := range []string{"local[4]", "local-cluster[2,2,1g]"} {
		t.Run(master, func(t *testing.T) {
			s, err := kiln.Open(t.Context(), kiln.Master(master))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			test(t, s)
		})
	}
}
