package cluster

import "context"

// Manager gives executors to one application.
//
// The driver calls Start once, Want any number of times, and Close once. Methods may be called from any goroutine and return soon:
// granting takes its time, and its results are told to the [Handler].
type Manager interface {
	// Start begins. The Handler may be called from now on, until Close has returned. An error means that nothing was started.
	Start(ctx context.Context, app App, h Handler) error

	// Want says how many executors the application wants in all. A manager that has fewer, also because one was lost, starts
	// more; one that has more stops idle ones only when Release names them.
	Want(executors int)

	// Release stops executors that are no longer wanted, and lowers the number wanted by theirs.
	Release(executors []int32)

	// Close ends every executor that is left and removes what the manager made. It does not wait for their tasks.
	Close() error
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
	// Gone says that an executor has ended, or could not be started.
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
