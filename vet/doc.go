// Package vet finds, without running the program, functions and types that cannot travel to executors.
//
// It looks at every call of package kiln that takes a function and reports
//
//   - function literals that capture variables, by the names of the variables, and closures made by functions that return them;
//   - method values;
//   - literals, and instances by a type parameter, inside generic functions, where a functor struct with MapFn is needed;
//   - nil functions;
//   - package variables that a shipped function reaches, itself or through functions of the same module, and that are assigned
//     outside their declaration and init: an executor never sees those assignments;
//   - row and environment types with a channel, function, lock, interface or unsafe pointer in them, with the path of the field.
//
// The engine refuses all of these when the RDD is built, except the package variables, which it cannot see. What vet cannot know it
// leaves to the engine: functions that arrive as parameters, closures made in other packages.
//
// [Analyzer] is an ordinary go/analysis analyzer for use in any driver. [Main] is the whole command: "kiln vet ./..." checks
// packages by way of the go command, and "go vet -vettool=$(which kiln) ./..." does the same from outside, because Main also
// speaks the protocol by which the go command runs such tools ([IsUnit] recognises it).
//
// The package imports the standard library and golang.org/x/tools, and nothing else of Kiln.
package vet
