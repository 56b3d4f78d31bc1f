// Command bench prints, from one run, how long Kiln needs for the workloads of its speed table beside straightforward Go written by hand,
// and beside Spark where SPARK_HOME names one:
//
//	go run ./bench                             everything, at full size
//	go run ./bench -only 'sort|join' -count 3  some rows, three times each, the least counts
//	go run ./bench -scale 0.01                 a smoke run
//	go run ./bench -o json                     every single measurement
//
// Every measurement is a fresh process, so that its peak memory (of it and all its children) and its CPU time are its own. Engines take
// turns within a row. Every answer is compared with the one by hand: a wrong answer makes the run fail.
//
// The rows are in rows.go, the inputs in bench/data, the hand-written side in bench/hand, Spark's in bench/spark. An engine is a file of this
// package that calls register.
package main
