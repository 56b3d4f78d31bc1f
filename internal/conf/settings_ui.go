package conf

// What the application shows of itself.
var (
	// ShowProgress is the progress line; use Lookup, since its default depends on the terminal.
	ShowProgress = Bool("kiln.ui.showConsoleProgress", false, "Show the progress of stages in one line on standard error.").
		DefaultText("true when standard error is a terminal")
)
