package vet

import (
	"os"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
)

// TestMain lets the test binary be the vet tool that Main asks the go command to use.
func TestMain(m *testing.M) {
	if IsUnit(os.Args[1:]) {
		os.Exit(Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func TestFunctionsThatCannotTravelAreReported(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), Analyzer, "functions")
}

func TestChangingPackageVariablesAreReported(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), Analyzer, "variables", "example.com/team/setting", "example.com/team/job")
}

func TestTypesThatCannotTravelAreReported(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), Analyzer, "rows")
}

func TestKilnItselfIsNotReported(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), Analyzer, kilnPath)
}
