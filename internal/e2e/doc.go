// Package e2e has no code, only tests: whole programs, built once and run as processes, while their executors are killed, their files
// damaged, their disk full and their user impatient. What must hold each time: a right result or one clear error, the right exit
// code, and afterwards no process and no temporary file.
//
// Programs under test report where they are by files in a directory of the test, and wait there for as long as the test holds them;
// no test sleeps and hopes.
package e2e
