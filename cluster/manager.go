package cluster

import "context"

// Manager gives executors to one application.
//
// The driver calls Start once, Want any number of times, and Close once. Methods may be called from any goroutine and return soon:
// granting takes its time, and its results are told to the [Handler].
type Manager interface {
	// Start begins. The Handler may be called from now on, until Close has returned. An error means that nothing was started.
	Start(ctx context.Context, app App, h Handler) error

	// Want says which executors the application wants in all, by profile; of a profile that is not named it wants none. A manager that
	// has fewer of one, also because one was lost, starts more; one that has more stops idle ones only when Release names them. The
	// list stays as it is for ever.
	Want(executors []Wanted)

	// Release stops executors that are no longer wanted, and lowers the number wanted of their profile by theirs.
	Release(executors []int32)

	// Close ends every executor that is left and removes what the manager made. It does not wait for their tasks.
	Close() error
}

// Wanted is how many executors of one profile an application wants.
type Wanted struct {
	Profile   int32 // names the shape, for as long as the application lives; 0 is that of its settings
	Shape     Shape // always the same for one profile
	Executors int

	// Where executors would be near to data: how many tasks prefer some host, and which. A manager that cannot choose leaves it.
	Tasks  int
	Places []Place
}

// Shape is what each executor of a profile has.
type Shape struct {
	Slots     int
	Memory    int64      // bytes, in all
	Resources []Resource // by name
}

// Resource is how many addresses of a named resource, such as "gpu", an executor has.
type Resource struct {
	Name   string
	Amount int
}

// Place is a host, and how many tasks would like to run there.
type Place struct {
	Host  string
	Tasks int
}

// App is what an executor needs to find its driver.
type App struct {
	ID   string
	Name string
	// Control is the address of the driver's control server: "unix:///path" or "tcp://host:port". It is empty for executors
	// inside the driver's process.
	Control string
	// Conf is the application's settings, by key. No value is secret.
	Conf map[string]string
	// Secret is handed to an executor through a private channel only, never in arguments or environment: it proves to the driver
	// that the executor was started for this application.
	Secret []byte
}

// Handler is told what becomes of executors. Its methods may be called from any goroutine and do not block.
type Handler interface {
	// Granted says that an executor is being started. It will register with the driver by itself.
	Granted(executor int32, host string)
	// Gone says that an executor has ended, or could not be started. It comes before another one is started in its place.
	Gone(executor int32, why Loss)
	// Broken says that the manager cannot give executors any more, and why.
	Broken(err error)
}

// Loss is why an executor ended.
type Loss struct {
	Text string // for people: "killed by signal 9", "exit code 3"
	// ByApp says that the application's own code is to blame, so that the loss counts as a failure of the tasks that ran there.
	ByApp bool
	// Asked says that the driver released it.
	Asked bool
}
