// Package profile is what users ask for their stages: a shape of executors, and what each task takes of one.
//
// A [Profile] says only what its user said. [Profile.Over] fills in what the application's settings say, [Merge] brings two together that
// met in one stage, and [Profile.Check] refuses what no executor could ever give, before anything starts. Stages whose profiles ask for the
// same [Executor] share executors, whatever their tasks take of one: which shape has which ids.ProfileID is the session's to remember.
//
// The package imports the resources of the scheduler and the standard library only.
package profile
