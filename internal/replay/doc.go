// Package replay keeps what happened to the scheduler's core, plays it again, and explains it.
//
// The core is a function of its events: who has all events of a run has the run. A [Recorder] writes them down, in blocks of bytes
// that its user puts into a file:
//
//	r := replay.NewRecorder(config, about, limit)
//	out = core.Step(now, event, out[:0])
//	r.Step(now, event, out)                        // after each Step
//	file.Write(r.Take(false))                      // from time to time; Take(true) at the end
//
// [Open] reads such bytes. [Log.Play] runs a new core and compares, Step by Step, a digest of its orders with the one in the log.
// [Log.Story] tells in lines what happened, and [Log.Why] why one task waited, each time with the rule.
//
// A log holds no data of users: of opaque bytes (splits, bodies, results, encoded errors) only the lengths are kept, which is all
// that the core looks at; texts of errors, names and properties are in it, the first few thousand bytes of each. It is bounded:
// at its limit the recorder stops and notes that.
//
// The form of a log: eight bytes that name it and its version; then blocks, each of a length, a payload and a CRC-32C. The first
// payload is the header: the shape of all events as text, what the user says about the run, and the configuration. The shape is
// compared, not interpreted: a log is read by a program with the same events. The others hold records: a tag; then for an event the
// time since the one before, its fields, and the low bits of the running digest after it. A file that ends within a block ends
// before it.
//
// The package encodes by reflection, so that a new event or field needs no code here; that is why it is not below internal/core,
// whose packages do without. It imports those and the standard library only, starts nothing and does no I/O.
package replay
