// Package transport carries what wire describes, and blocks, between processes.
//
// Control messages travel on a link between the driver and one executor: [DriverEnd] and [ExecutorEnd]. Between processes
// it is one gRPC stream ([ListenControl], [DialControl]), inside a process a pair of queues ([Pipe]). Blocks travel on connections of
// their own, with frames, checksums and a window ([ListenBlocks], [Client]; docs/wire.md is the page), or inside a process by
// [LocalFetcher]. Control and blocks never share a queue.
//
// Nobody is trusted because of where they are. A Unix socket lies in a directory that is closed to other users, and both ends check
// who the other is; a TCP socket is opened only with mutual TLS, for which package identity makes the certificates.
//
// The package knows neither stages nor tasks beyond their encoding. It may import core/ids, link/wire and gRPC.
package transport
