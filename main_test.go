package kiln_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/kilnproject/kiln"
)

// TestMain lets this binary be an executor too, which the tests of local-cluster start, and holds every test to leaving no goroutine
// behind.
func TestMain(m *testing.M) {
	kiln.Init()
	// Sessions limit the memory of their process to that of their executor; tests share one process with them.
	os.Setenv("GOMEMLIMIT", "off")
	os.Setenv("GOGC", "100")
	goleak.VerifyTestMain(m)
}
