package conf

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// MasterKind tells which cluster manager a master URL asks for.
type MasterKind uint8

// The kinds of masters.
const (
	Local        MasterKind = iota // threads of this process
	LocalCluster                   // executor processes on this machine
	Standalone                     // kiln's own master
	YARN
	Kubernetes
	Mesos
)

// String gives the word by which people know the kind.
func (k MasterKind) String() string {
	return [...]string{"local", "local-cluster", "standalone", "yarn", "kubernetes", "mesos"}[k]
}

// MasterURL is a master as ParseMaster read it. Fields that a kind does not mention are zero.
type MasterURL struct {
	Kind MasterKind

	// Slots is how many tasks run at once: in all for Local, where 0 means one for each core, and per executor for LocalCluster.
	Slots int

	// Tries is how often a task may be tried where the master says so: 1 for local, local[N] and local[*], F for local[N,F].
	// Zero leaves it to kiln.task.maxFailures.
	Tries int

	// Executors is the number of processes of a LocalCluster, and Memory what each may use; 0 leaves it to kiln.executor.memory.
	Executors int
	Memory    Bytes

	// Addresses are the host:port of each Standalone master.
	Addresses []string

	// Server is what stands behind k8s:// or mesos://: a URL or an address.
	Server string
}

// MaxFailures is how often a task may be tried under this master and these settings.
func (m MasterURL) MaxFailures(c *Conf) int {
	if m.Tries > 0 {
		return m.Tries
	}
	return MaxFailures.Of(c)
}

// What a master URL may ask for on one machine: far beyond any use, and small enough to count without overflow.
const (
	mostSlots     = 1 << 16
	mostExecutors = 1 << 10
)

// masterForms shows each form of a master URL: what errors list, and what a mistyped one is compared with.
var masterForms = []string{
	"local", "local[4]", "local[*]", "local[4,2]", "local-cluster[2,4,1g]", "kiln://host:7077", "yarn", "k8s://https://host:6443", "mesos://host:5050",
}

// ParseMaster reads a master URL: local, local[N], local[*], local[N,F], local-cluster[executors,slots,memory] (memory as in
// 512m; a bare number counts MiB; without it kiln.executor.memory rules), kiln://host:port[,host:port], yarn, k8s://URL,
// mesos://address. The error completes "it ...", and suggests the nearest form.
func ParseMaster(s string) (MasterURL, error) {
	text := strings.TrimSpace(s)
	m, err := readMaster(text)
	if err == errNoForm {
		err = strangeMaster(text)
	}
	return m, err
}

// errNoForm means that a text has the form of no master at all.
var errNoForm = errors.New("has the form of no master")

// readMaster reads one of the forms.
func readMaster(text string) (MasterURL, error) {
	name, inner, bracketed := strings.Cut(text, "[")
	scheme, server, isURL := strings.Cut(text, "://")
	switch {
	case text == "local":
		return MasterURL{Kind: Local, Slots: 1, Tries: 1}, nil
	case text == "yarn":
		return MasterURL{Kind: YARN}, nil
	case isURL:
		return parseServer(scheme, server, text)
	case bracketed && (name == "local" || name == "local-cluster"):
		inner, closed := strings.CutSuffix(inner, "]")
		if !closed {
			return MasterURL{}, fmt.Errorf(`lacks its "]": did you mean %s]?`, text)
		}
		fields := strings.Split(inner, ",")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		if name == "local" {
			return parseLocal(fields)
		}
		return parseLocalCluster(fields)
	}
	return MasterURL{}, errNoForm
}

// parseLocal reads N, *, or N,F.
func parseLocal(fields []string) (MasterURL, error) {
	m := MasterURL{Kind: Local, Tries: 1}
	if len(fields) > 2 {
		return m, errors.New("has too many numbers: local[slots] or local[slots,tries]; processes are local-cluster[executors,slots,memory]")
	}
	var err error
	if fields[0] != "*" {
		if m.Slots, err = count("slots", fields[0], mostSlots); err != nil {
			return MasterURL{}, fmt.Errorf("%w; local[*] uses every core", err)
		}
	}
	if len(fields) == 2 {
		if m.Tries, err = count("tries", fields[1], 1<<20); err != nil {
			return MasterURL{}, err
		}
	}
	return m, nil
}

// parseLocalCluster reads executors,slots and perhaps memory.
func parseLocalCluster(fields []string) (m MasterURL, err error) {
	m.Kind = LocalCluster
	if len(fields) != 2 && len(fields) != 3 {
		return MasterURL{}, errors.New("is not of the form local-cluster[executors,slots,memory], such as local-cluster[2,4,1g]")
	}
	if m.Executors, err = count("executors", fields[0], mostExecutors); err != nil {
		return MasterURL{}, err
	}
	if m.Slots, err = count("slots", fields[1], mostSlots); err != nil {
		return MasterURL{}, err
	}
	if len(fields) == 3 {
		m.Memory, err = ParseBytes(withUnit(fields[2], "m"))
		if err == nil {
			err = EnoughMemory(m.Memory)
		}
		if err != nil || m.Memory == 0 {
			return MasterURL{}, fmt.Errorf("asks for memory %q per executor, which is not an amount such as 512m or 1g of at least %v", fields[2], leastMemory)
		}
	}
	return m, nil
}

// parseServer reads the masters with an address.
func parseServer(scheme, server, text string) (MasterURL, error) {
	kind, known := map[string]MasterKind{"kiln": Standalone, "k8s": Kubernetes, "mesos": Mesos}[scheme]
	switch {
	case scheme == "spark":
		return MasterURL{}, fmt.Errorf("is a Spark master, which cannot run Kiln programs: did you mean kiln://%s?", server)
	case !known:
		return MasterURL{}, errNoForm
	case server == "":
		return MasterURL{}, fmt.Errorf("has no address behind %s://", scheme)
	case kind != Standalone:
		if _, err := url.Parse(server); err != nil && strings.Contains(server, "://") {
			return MasterURL{}, fmt.Errorf("has no valid address behind %s://", scheme)
		}
		return MasterURL{Kind: kind, Server: server}, nil
	}
	m := MasterURL{Kind: Standalone}
	for address := range strings.SplitSeq(server, ",") {
		host, port, err := net.SplitHostPort(strings.TrimSpace(address))
		n, portErr := strconv.Atoi(port)
		if err != nil || portErr != nil || host == "" || n < 1 || n > 65535 {
			return MasterURL{}, fmt.Errorf("has the address %q where host:port is wanted, such as kiln://host:7077", address)
		}
		m.Addresses = append(m.Addresses, net.JoinHostPort(host, port))
	}
	return m, nil
}

// count reads a number of something, from 1 to most.
func count(what, text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("has %q for the number of %s, which must be from 1 to %d", text, what, most)
	}
	return n, nil
}

// strangeMaster refuses what has the form of no master, with the form that it is nearest to.
func strangeMaster(text string) error {
	all := strings.Join(masterForms, ", ")
	if text == "" {
		return errors.New("is empty; masters are " + all)
	}
	if strings.HasPrefix(text, "yarn-") {
		return errors.New("is an old form: did you mean yarn?")
	}
	lower := strings.ToLower(text)
	if _, err := readMaster(lower); err == nil {
		return fmt.Errorf("is not a master: did you mean %s?", lower)
	}
	if near := nearestMaster(lower); near != "" {
		return fmt.Errorf("is not a master: did you mean %s?", near)
	}
	return errors.New("is not a master; masters are " + all)
}

// nearestMaster compares the word before the bracket or "://" with those of the known forms, and keeps what follows it.
func nearestMaster(text string) string {
	word, follows := text, ""
	i := strings.IndexAny(text, "[(:")
	if i < 0 {
		i = strings.IndexAny(text, "0123456789")
	}
	if i > 0 {
		word, follows = strings.TrimRight(text[:i], "-"), text[i:]
	}
	near := nearest(word, []string{"local", "local-cluster", "kiln", "yarn", "k8s", "mesos"})
	if near == "" {
		return ""
	}
	follows = strings.NewReplacer("(", "[", ")", "]").Replace(follows)
	if _, err := readMaster(near + follows); err == nil {
		return near + follows
	}
	for _, form := range masterForms {
		if strings.HasPrefix(form, near) && (near != "local" || form == "local[4]") {
			return form
		}
	}
	return ""
}
