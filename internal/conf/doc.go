// Package conf is the typed registry of Kiln's settings: each has a key, a type, a default, a meaning, and says in every program
// where its value came from.
//
// Settings are declared here, one file for each component that reads them, as package variables: conf.MaxFailures.Of(c) reads
// one. [Parse] builds an immutable [Conf] from what code, flags, environment and a properties file say, and refuses a key that it
// does not know with the nearest that it does. The package also reads master URLs ([ParseMaster]).
//
// It is not a place for the settings of users' programs. It imports the standard library only.
package conf
