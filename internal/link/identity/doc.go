// Package identity gives the processes of one application certificates by which they know each other, and nobody else.
//
// Each application has a certificate [Authority] of its own, which lives in the memory of the process that submits it and dies with
// it. It issues a [Bundle] to the driver and to each executor: a key, a certificate that names the application, the role and the
// process, and the authority's certificate. From a bundle come TLS configurations in which both sides show their
// certificates and check the other's application and role. Of another application nothing is accepted, whatever it claims, because another authority signed it.
//
// A bundle holds a private key. It is handed to a child through a pipe or an inherited file, never on a command line or
// in the environment, where others can read it.
//
// The package opens no connection. It imports the standard library only.
package identity
