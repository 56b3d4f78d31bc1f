package conf

// Resources: what executors have beside slots and memory, and what tasks take of it.
var (
	// TaskSlots is how many slots a task takes.
	TaskSlots = Int("kiln.task.cpus", 1, "How many slots of its executor a task takes.", Between(1, mostSlots))

	// TaskResource is how much of a resource a task takes.
	TaskResource = ForEach(Float("kiln.task.resource.NAME.amount", 1,
		"How many addresses of the resource NAME a task takes: a whole number, or a part of one that tasks share (0.25: four to an address). Its functions learn which by TaskContext.Resources.", Between(0.0, mostAddresses)).
		DefaultText("none"))

	// ExecutorResource is how many addresses of a resource an executor has.
	ExecutorResource = ForEach(Int("kiln.executor.resource.NAME.amount", 0,
		"How many addresses of the resource NAME an executor has. The addresses themselves come from kiln.executor.resource.NAME.addresses or discoveryScript.", Between(0, mostAddresses)))

	// ResourceAddresses is what there is of a resource on a machine.
	ResourceAddresses = ForEach(String("kiln.executor.resource.NAME.addresses", "",
		"The addresses of the resource NAME on every machine, separated by commas: 0,1,2,3. Executors on one machine divide them."))

	// DiscoveryScript finds it out.
	DiscoveryScript = ForEach(String("kiln.executor.resource.NAME.discoveryScript", "",
		"A program that prints the addresses of the resource NAME on its machine, in place of kiln.executor.resource.NAME.addresses, as JSON: {\"name\": \"gpu\", \"addresses\": [\"0\", \"1\"]}."))

	// MergeProfiles settles what happens to a stage whose RDDs have different profiles.
	MergeProfiles = Bool("kiln.scheduler.resource.profileMergeConflicts", false,
		"Let a stage whose RDDs have different profiles (WithProfile) ask for the most of each thing that one of them asks for, in place of failing the job.")
)

// mostAddresses is the most of one resource that anyone may ask for.
const mostAddresses = 1 << 16
