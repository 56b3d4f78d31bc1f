// Package lint holds the rules of the tree that a compiler does not check, as tests: which package may import which, that the cores are
// pure, that functions and files stay small, that everything public is documented and changes on purpose, and which modules we depend on.
//
// Each rule is a test file that says why the rule is there. The package has no code but its tests, and they import the standard library only.
package lint
