// Package console shows on a terminal how far the stages of the running jobs are, in one line that is drawn over itself:
//
//	[Stage 3:==========>                (37 + 4) / 96]
//
// 37 of the 96 tasks of stage 3 are done and 4 are running. [Line] makes the text, [Progress] draws it while jobs are under way and
// clears it when one ends, so that what the program prints then has the line to itself. A program whose standard error is no terminal
// has no Progress, and pays nothing.
//
// It is not a log: nothing of it remains on the terminal but what Note is given. It may import internal/core and golang.org/x/sys, and reads views of the
// scheduler without knowing the driver that gives them.
package console
