// Package executor is the shell of core/work: it runs tasks, keeps their blocks and serves them to others.
//
// One goroutine owns the core. It takes what the driver sends and what tasks report, steps the core, and carries out the actions;
// a task runs on its own goroutine. Everything that an operator may ask of its executor (op.Host) is answered here from the stores
// of the data wing.
//
// The package imports core, conf, host, link and data. It never imports the driver: both ends know only the link between them.
package executor
