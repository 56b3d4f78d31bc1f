// Package controlpb is generated from control.proto by generate.sh, but for this file. Package wire turns its messages into plain
// values and back and is the only one to look into them; package transport carries them.
package controlpb
