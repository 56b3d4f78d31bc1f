// Package local gives executors on this machine: inside the driver's process ([Threads], for the masters local, local[N], local[*] and
// local[N,F]), or as child processes of the same binary ([Processes], for local-cluster[n,slots,memory]).
//
// A child is told who it is through an inherited pipe, never through its arguments or environment, and serves until that pipe closes: it
// cannot outlive its driver, however that ended. Its binary must call kiln.Main or kiln.Init first thing in main, which calls [TakeOver].
package local
