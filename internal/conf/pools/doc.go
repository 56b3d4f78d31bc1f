// Package pools reads the file that defines scheduler pools (kiln.scheduler.allocation.file), in the form of Spark's
// fairscheduler.xml:
//
//	<allocations>
//	  <pool name="etl">
//	    <schedulingMode>FAIR</schedulingMode>   (FIFO when it is left out)
//	    <weight>2</weight>                      (1)
//	    <minShare>4</minShare>                  (0)
//	  </pool>
//	</allocations>
//
// [Parse] gives what package pool of the scheduler takes. Where Spark warns and goes on with a default, because a number or a word
// cannot be read or an element is misspelled, Parse refuses the file: it names every problem with its line and what to write.
//
// It imports that package and the standard library only.
package pools
