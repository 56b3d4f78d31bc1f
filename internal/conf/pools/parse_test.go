package pools

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/internal/core/sched/pool"
)

func TestAFileOfSparksFormIsRead(t *testing.T) {
	got, err := Parse("fair.xml", []byte(`<?xml version="1.0"?>
<!-- who gets what -->
<allocations>
  <pool name="etl">
    <schedulingMode>fair</schedulingMode>
    <weight> 2 </weight>
    <minShare>4</minShare>
  </pool>
  <pool name="adhoc"/>
  <pool name="a &amp; b"><minShare>1</minShare></pool>
</allocations>
`))
	want := []pool.Definition{{Name: "etl", Policy: pool.Fair, Weight: 2, MinShare: 4}, {Name: "adhoc", Weight: 1}, {Name: "a & b", Weight: 1, MinShare: 1}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestEachProblemHasItsLineAndAWayOut(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{``, "1: it has no element; write <allocations><pool name=\"NAME\"/></allocations>"},
		{`hello`, "1: \"hello\" stands between elements; take it out, or make it a comment"},
		{"<a>\n<pool>", "2: a pool has no name; write <pool name=\"NAME\">\n2: it is not XML: unexpected EOF; write it as in fairscheduler.xml, in UTF-8"},
		{"<a>\n<pool name='x'></a>", "2: it is not XML: element <pool> closed by </a>; write it as in fairscheduler.xml, in UTF-8"},
		{"<a><pool name='x'>\n<weight>0</weight></pool></a>", "2: the weight of pool \"x\" is \"0\"; write a whole number from 1 to 1048576"},
		{"<a><pool name='x'>\n\n<weight>two</weight></pool></a>", "3: the weight of pool \"x\" is \"two\"; write a whole number from 1 to 1048576"},
		{"<a><pool name='x'><minShare>-1</minShare></pool></a>", "1: the minShare of pool \"x\" is \"-1\"; write a whole number from 0 to 1048576"},
		{"<a><pool name='x'><minShare>99999999999999999999</minShare></pool></a>", "1: the minShare of pool \"x\" is \"99999999999999999999\"; write a whole number from 0 to 1048576"},
		{"<a><pool name='x'><schedulingMode>NONE</schedulingMode></pool></a>", "1: the schedulingMode of pool \"x\" is \"NONE\"; write FIFO or FAIR"},
		{"<a><pool name='x'><minshare>1</minshare></pool></a>", "1: pool \"x\" has an element <minshare>; write schedulingMode, weight or minShare"},
		{"<a><pool name='x'><weight>1<b/></weight></pool></a>", "1: <weight> has an element <b> in it; write its value only"},
		{"<a><pool name='x'><weight>1</weight>\n<weight>2</weight></pool></a>", "2: pool \"x\" has a second <weight>; leave one"},
		{"<a><pool name='x'/>\n<pool name='x'/></a>", "2: pool \"x\" is defined in line 1 too; leave one of them"},
		{"<a><pool name='x' weight='2'/></a>", "1: a pool has no attribute \"weight\"; write <weight> as an element of its own"},
		{"<a><queue><pool/></queue></a>", "1: <queue> is not a pool; write <pool>"},
		{"<a/><b/>", "1: a second root element <b> begins; put all pools into one <allocations>"},
		{"<a>stray</a>", "1: \"stray\" stands between elements; take it out, or make it a comment"},
		{"<?xml version='1.0' encoding='latin1'?><a/>", "1: it is not XML: xml: encoding \"latin1\" declared but Decoder.CharsetReader is nil; write it as in fairscheduler.xml, in UTF-8"},
		{strings.Repeat(" ", maxBytes+1), "1: it has 1048577 bytes, and at most 1048576 are read; name the right file"},
		{"<a><pool name='" + strings.Repeat("n", maxName+1) + "'/></a>", "1: the name of a pool has 201 bytes; write at most 200"},
	} {
		pools, err := Parse("f", []byte(c.file))
		want := "pool file f:" + strings.ReplaceAll(c.want, "\n", "\npool file f:")
		if pools != nil || err == nil || err.Error() != want {
			t.Errorf("%.60q:\n%v\nwant\n%s", c.file, err, want)
		}
	}
}

func TestMoreProblemsThanAnybodyReadsAreNotTold(t *testing.T) {
	_, err := Parse("f", []byte("<a>"+strings.Repeat("<b/>\n", 1000)+"</a>"))
	if n := strings.Count(err.Error(), "\n") + 1; n != maxProblems {
		t.Errorf("%d problems", n)
	}
	var many strings.Builder
	for i := range maxPools + 5 {
		fmt.Fprintf(&many, "<pool name='%d'/>\n", i)
	}
	if _, err := Parse("f", []byte("<a>"+many.String()+"</a>")); err == nil || err.Error() != "pool file f:1001: there are more than 1000 pools; name the right file" {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<a><pool name="x"><weight>2</weight><schedulingMode>FAIR</schedulingMode></pool></a>`))
	f.Add([]byte("<a>\n<pool/><b><c/></b>text"))
	f.Add([]byte("<!DOCTYPE a [<!ENTITY e 'eeee'>]><a>&e;</a>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pools, err := Parse("f", data)
		if err != nil {
			if pools != nil {
				t.Error("pools and an error")
			}
			return
		}
		if _, err := pool.New[int](pool.Config{Policy: pool.Fair, Pools: pools}); err != nil {
			t.Errorf("the scheduler refuses what was read: %v", err)
		}
	})
}
