package conf

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"
)

func parse(t *testing.T, l Layers) *Conf {
	t.Helper()
	c, err := Parse(l)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func env(pairs ...string) func(string) (string, bool) {
	return func(key string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == key {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func file(text string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if name != "kiln.conf" {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
}

func code(pairs ...string) (all []Given) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, Given{Key: pairs[i], Value: pairs[i+1]})
	}
	return all
}

func TestNilAndEmptyConfHoldTheDefaults(t *testing.T) {
	for _, c := range []*Conf{nil, parse(t, Layers{})} {
		if Master.Of(c) != "local[*]" || MaxFailures.Of(c) != 4 || SplitSize.Of(c) != 32<<20 || HeartbeatInterval.Of(c) != 10*time.Second || Codec.Of(c) != "s2" {
			t.Error("a default is wrong")
		}
		if _, set := ShowProgress.Lookup(c); set || Master.Origin(c) != Default || len(c.Set()) != 0 || c.Ignored() != nil {
			t.Error("a default counts as set")
		}
	}
}

func TestLayersWinInOrder(t *testing.T) {
	l := Layers{}
	check := func(want string, origin Origin) {
		t.Helper()
		c := parse(t, l)
		if got := Master.Of(c); got != want || Master.Origin(c) != origin {
			t.Errorf("got %s from %v, want %s from %v", got, Master.Origin(c), want, origin)
		}
	}
	l.File, l.Read = "kiln.conf", file("kiln.master local[2]\nkiln.app.name from file")
	check("local[2]", File)
	l.Environ = env("KILN_MASTER", "local[3]", "KILN_CONF", "other.conf")
	check("local[3]", Environment)
	l.Flags = []Given{{Key: "kiln.master", Value: "local[4]"}, {Key: "kiln.master", Value: "local[5]"}}
	check("local[5]", Flag)
	l.Code = code("kiln.master", "local[6]")
	check("local[6]", Code)
	if got := AppName.Of(parse(t, l)); got != "from file" {
		t.Errorf("what only the file sets is %q", got)
	}
}

func TestKilnConfNamesThePropertiesFile(t *testing.T) {
	c := parse(t, Layers{Environ: env("KILN_CONF", "kiln.conf"), Read: file("kiln.task.maxFailures=7")})
	if MaxFailures.Of(c) != 7 || c.Set()[0] != (Given{"kiln.task.maxFailures", "7", File, "kiln.conf:1"}) {
		t.Errorf("got %v", c.Set())
	}
	_, err := Parse(Layers{Environ: env("KILN_CONF", "missing.conf"), Read: file("")})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "KILN_CONF") {
		t.Errorf("a missing file gave %v", err)
	}
}

func TestSparkSettingsAreAliases(t *testing.T) {
	c := parse(t, Layers{Code: code(
		"spark.task.maxFailures", "9",
		"spark.executor.memory", "2048",
		"spark.reducer.maxSizeInFlight", "24m",
		"spark.network.timeout", "60",
		"spark.shuffle.mapOutput.minSizeForBroadcast", "1024",
		"spark.executor.heartbeatInterval", "500",
		"kiln.driver.maxResultSize", "5m", "spark.driver.maxResultSize", "1g",
		"spark.sql.shuffle.partitions", "200",
	)})
	if MaxFailures.Of(c) != 9 || ExecutorMemory.Of(c) != 2*GiB || MaxBytesInFlight.Of(c) != 24*MiB ||
		NetworkTimeout.Of(c) != time.Minute || HeartbeatInterval.Of(c) != 500*time.Millisecond {
		t.Errorf("got %v", c.Set())
	}
	if ListFrom.Of(c) != 1024 {
		t.Errorf("got %v", ListFrom.Of(c))
	}
	if MaxResultSize.Of(c) != 5*MiB {
		t.Error("an alias won over Kiln's own key in the same layer")
	}
	if got := c.Ignored(); len(got) != 1 || got[0].Key != "spark.sql.shuffle.partitions" {
		t.Errorf("ignored: %v", got)
	}
	_, err := Parse(Layers{Code: code("spark.io.compression.codec", "lz5")})
	if err == nil || !strings.Contains(err.Error(), "spark.io.compression.codec=lz5") || !strings.Contains(err.Error(), "did you mean lz4?") {
		t.Errorf("got %v", err)
	}
}

func TestMistakesAreRefusedWithASuggestion(t *testing.T) {
	for _, one := range []struct{ key, value, want string }{
		{"kiln.mastr", "local", "setting kiln.mastr=local (code): it does not exist; did you mean kiln.master?"},
		{"kiln.task.maxfailures", "3", "setting kiln.task.maxfailures=3 (code): it does not exist; did you mean kiln.task.maxFailures?"},
		{"kiln.splitSize", "3m", "did you mean kiln.source.splitSize?"},
		{"kiln.quite.something.else", "3", "--kiln.help lists all settings"},
		{"master", "local", "did you mean kiln.master?"},
		{"kiln.task.maxFailures", "many", "setting kiln.task.maxFailures=many (code): it is not a whole number"},
		{"kiln.task.maxFailures", "0", "it is less than 1"},
		{"kiln.task.maxFailures", "99999999999999999999", "it is too large"},
		{"kiln.memory.fraction", "NaN", "it is not between 0.05 and 0.95"},
		{"kiln.executor.memory", "1024", "it is less than 32m"},
		{"kiln.executor.memory", "1.5g", "1536m"},
		{"kiln.executor.memory", "9999999p", "it is too large"},
		{"kiln.shuffle.mapOutput.minSizeForBroadcast", "0", "it is not between 1 and 64m"},
		{"kiln.shuffle.mapOutput.minSizeForBroadcast", "1g", "it is not between 1 and 64m"},
		{"kiln.network.timeout", "120", "write 120s for seconds"},
		{"kiln.network.timeout", "10 parsecs", "it is not a duration"},
		{"kiln.debug.checkRows", "yes", "it is neither true nor false"},
		{"kiln.io.compression.codec", "ztsd", "did you mean zstd?"},
		{"kiln.master", "locl[4]", "did you mean local[4]?"},
	} {
		_, err := Parse(Layers{Code: code(one.key, one.value)})
		var e *Error
		if !errors.As(err, &e) || e.Key != one.key || e.Value != one.value || e.Origin != Code || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s=%s:\ngot  %v\nwant %s", one.key, one.value, err, one.want)
		}
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	_, err := Parse(Layers{
		File: "kiln.conf", Read: file("# comment\n\nkiln.mastr local\nkiln.task.maxFailures\n"),
		Flags: []Given{{Key: "kiln.network.timeout", Value: "x"}},
	})
	want := "setting kiln.task.maxFailures (kiln.conf:4): it is not a line of the form key=value; begin a comment with #\n" +
		"setting kiln.mastr=local (kiln.conf:3): it does not exist; did you mean kiln.master?\n" +
		"setting kiln.network.timeout=x (flag): it is not a duration such as 200ms, 10s or 2min (units us, ms, s, min, h, d)"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestAHeartbeatThatIsTooSlowIsRefusedWhereItMatters(t *testing.T) {
	slow := []string{"kiln.executor.heartbeatInterval", "5s", "kiln.network.timeout", "5s"}
	const want = "kiln.executor.heartbeatInterval=5s (code): it is not below kiln.network.timeout"
	_, err := Parse(Layers{Code: code(append(slow, "kiln.master", "local-cluster[2,1,1g]")...)})
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line with %s", err, want)
	}
	parse(t, Layers{Code: code(append(slow, "kiln.master", "local[2]")...)})
}

func TestPropertiesFileForms(t *testing.T) {
	text := "\ufeffkiln.a value with spaces \r\nkiln.b=x=y\n  kiln.c : z\nkiln.d\t=  1\n! no\n#no\nkiln.e:f:g\nkiln.f  = "
	all, problems := parseProperties("f", []byte(text))
	var got []string
	for _, g := range all {
		got = append(got, g.Key+"|"+g.Value+"|"+g.Place)
	}
	want := []string{"kiln.a|value with spaces|f:1", "kiln.b|x=y|f:2", "kiln.c|z|f:3", "kiln.d|1|f:4", "kiln.e|f:g|f:7"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "f:8") {
		t.Errorf("problems: %v", problems)
	}
}

func TestFromArgsTakesOnlyKilnsFlags(t *testing.T) {
	args := []string{"in.txt", "--kiln.master=local[2]", "-v", "--kilnx", "-kiln.app.name=a=b", "", "-", "--kiln.help", "--", "--kiln.master=x", "--", "out"}
	flags, rest, help, err := FromArgs(args)
	if err != nil || !help {
		t.Fatal(help, err)
	}
	if want := []string{"in.txt", "-v", "--kilnx", "", "-", "--kiln.master=x", "--", "out"}; !slices.Equal(rest, want) {
		t.Errorf("rest: got %q, want %q", rest, want)
	}
	want := []Given{{Key: "kiln.master", Value: "local[2]", Origin: Flag}, {Key: "kiln.app.name", Value: "a=b", Origin: Flag}}
	if !slices.Equal(flags, want) {
		t.Errorf("flags: %v", flags)
	}
}

func TestFlagsWithoutAValueAreRefused(t *testing.T) {
	for arg, want := range map[string]string{
		"--kiln.master":          "write --kiln.master=VALUE",
		"--kiln.debug.checkRows": "write --kiln.debug.checkRows=true",
		"--kiln.mster":           "did you mean kiln.master?",
	} {
		_, _, _, err := FromArgs([]string{"a", arg, "local"})
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", arg, err, want)
		}
	}
}

func TestSetCarriesAConfToAnotherProcess(t *testing.T) {
	a := parse(t, Layers{Code: code("kiln.master", "local[3]", "kiln.executor.memory", "100m", "kiln.network.timeout", "90s", "kiln.memory.fraction", "0.25")})
	b := parse(t, Layers{Code: a.Set()})
	if !slices.Equal(slices.Collect(a.All()), slices.Collect(b.All())) || ExecutorMemory.Of(b) != 100*MiB {
		t.Errorf("got %v, want %v", b.Set(), a.Set())
	}
}

func TestHelpNamesEverySettingWithItsMeaning(t *testing.T) {
	var b strings.Builder
	if err := Help(&b); err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		if !strings.Contains(b.String(), "\n"+s.key+"\n    "+s.kind) {
			t.Errorf("%s is missing", s.key)
		}
		if !strings.HasPrefix(s.key, "kiln.") || !strings.HasSuffix(s.doc, ".") || len(s.doc) < 20 {
			t.Errorf("%s has no doc sentence or a strange key", s.key)
		}
	}
}

func TestADuplicateOrBadDeclarationPanics(t *testing.T) {
	for name, declare := range map[string]func(){
		"duplicate":   func() { String("kiln.master", "", "Twice.") },
		"bad default": func() { Int("kiln.test.bad", 0, "Bad.", AtLeast(1)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			before := len(settings)
			defer func() { settings = settings[:before] }()
			declare()
		}()
	}
}

func TestABareNumberUnderASparkNameHasSparksUnit(t *testing.T) {
	for spark, want := range map[string]struct {
		of    Key[time.Duration]
		value time.Duration
	}{
		"spark.locality.wait":                                          {LocalityWait, 7 * time.Millisecond},
		"spark.locality.wait.process":                                  {LocalityWaitProcess, 7 * time.Millisecond},
		"spark.locality.wait.node":                                     {LocalityWaitNode, 7 * time.Millisecond},
		"spark.locality.wait.rack":                                     {LocalityWaitRack, 7 * time.Millisecond},
		"spark.excludeOnFailure.timeout":                               {ExcludeTimeout, 7 * time.Millisecond},
		"spark.scheduler.maxRegisteredResourcesWaitingTime":            {MaxRegisteredWait, 7 * time.Millisecond},
		"spark.scheduler.excludeOnFailure.unschedulableTaskSetTimeout": {UnschedulableTimeout, 7 * time.Second},
		"spark.speculation.interval":                                   {SpeculationInterval, 7 * time.Millisecond},
		"spark.barrier.sync.timeout":                                   {BarrierSyncTimeout, 7 * time.Second},
	} {
		c, err := Parse(Layers{Code: code(spark, "7")})
		if err != nil {
			t.Errorf("%s: %v", spark, err)
			continue
		}
		if got := want.of.Of(c); got != want.value {
			t.Errorf("%s=7 is %v, want %v", spark, got, want.value)
		}
	}
}

func TestWhatIsIgnoredIsSaid(t *testing.T) {
	if text := parse(t, Layers{Code: code("spark.task.maxFailures", "9", "kiln.task.cpus", "1")}).IgnoredText(); text != "" {
		t.Errorf("got %q", text)
	}
	got := parse(t, Layers{Code: code("spark.sql.adaptive.enabled", "true", "spark.specualtion", "true", "spark.executor.cores", "2")}).IgnoredText()
	want := "settings of Spark that mean nothing here are ignored: spark.sql.adaptive.enabled, spark.specualtion (did you mean spark.speculation?), spark.executor.cores"
	if got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	got = parse(t, Layers{Code: code("spark.sql.a", "1", "spark.sql.b", "1", "spark.sql.c", "1", "spark.sql.d", "1", "spark.sql.e", "1", "spark.sql.f", "1", "spark.sql.g", "1")}).IgnoredText()
	if !strings.HasSuffix(got, "spark.sql.e, and 2 more") {
		t.Errorf("got %q", got)
	}
}

func TestAChoiceMayBeWrittenInSmallLetters(t *testing.T) {
	c := parse(t, Layers{Code: code("spark.scheduler.mode", "fair", "kiln.io.compression.codec", "ZSTD")})
	if SchedulerMode.Of(c) != "FAIR" || Codec.Of(c) != "zstd" {
		t.Errorf("got %q and %q", SchedulerMode.Of(c), Codec.Of(c))
	}
}
