package conf

import (
	"slices"
	"strings"
	"testing"
)

func TestAFamilyHoldsASettingForEachName(t *testing.T) {
	c := parse(t, Layers{
		File: "kiln.conf", Read: file("kiln.executor.resource.gpu.amount 2\nspark.task.resource.gpu.amount 0.5\nspark.executor.resource.gpu.vendor nvidia.com"),
		Flags: []Given{{Key: "kiln.executor.resource.gpu.amount", Value: "3"}, {Key: "kiln.executor.resource.yarn.io/fpga.addresses", Value: "a,b"}},
	})
	if all := ExecutorResource.Of(c); len(all) != 1 || all[0].Name != "gpu" || all[0].Value != 3 || all[0].Given.Origin != Flag {
		t.Errorf("amounts: %+v", all)
	}
	if n, set := TaskResource.Lookup(c, "gpu"); !set || n.Value != 0.5 || n.Given.Place != "kiln.conf:2" || n.Given.Key != "kiln.task.resource.gpu.amount" {
		t.Errorf("tasks: %+v, %v", n, set)
	}
	if n, set := ResourceAddresses.Lookup(c, "yarn.io/fpga"); !set || n.Value != "a,b" {
		t.Errorf("addresses: %+v, %v", n, set)
	}
	if n, set := ExecutorResource.Lookup(c, "fpga"); set || n.Value != 0 {
		t.Errorf("what nobody set: %+v, %v", n, set)
	}
	if len(c.Ignored()) != 1 {
		t.Errorf("ignored: %v", c.Ignored())
	}
}

func TestSettingsOfAFamilyReachAnotherProcess(t *testing.T) {
	c := parse(t, Layers{Code: code("kiln.executor.resource.gpu.amount", "2", "kiln.task.cpus", "3", "kiln.task.resource.gpu.amount", "1e-1")})
	var keys []string
	for _, g := range c.Set() {
		keys = append(keys, g.Key+"="+g.Value)
	}
	if want := []string{"kiln.executor.resource.gpu.amount=2", "kiln.task.cpus=3", "kiln.task.resource.gpu.amount=0.1"}; !slices.Equal(keys, want) {
		t.Errorf("%v, want %v", keys, want)
	}
	again := parse(t, Layers{Code: c.Set()})
	if n, _ := TaskResource.Lookup(again, "gpu"); n.Value != 0.1 || TaskSlots.Of(again) != 3 {
		t.Errorf("%+v", n)
	}
}

func TestMistakesInAFamilyAreSaidAsOthersAre(t *testing.T) {
	for key, want := range map[string]string{
		"kiln.executor.resource.gpu.amount=two":   "setting kiln.executor.resource.gpu.amount=two (code): it is not a whole number",
		"kiln.executor.resource.gpu.amount=-1":    "it is not between 0 and 65536",
		"kiln.task.resource.gpu.amount=NaN":       "it is not between 0 and 65536",
		"kiln.executor.resource.gpu.amuont=2":     "did you mean kiln.executor.resource.gpu.amount?",
		"kiln.executor.resource..amount=2":        "does not exist",
		"kiln.executor.resource.amount=2":         "does not exist",
		"kiln.executor.resource.gpu.adresses=0,1": "did you mean kiln.executor.resource.gpu.addresses?",
	} {
		k, v, _ := strings.Cut(key, "=")
		if _, err := Parse(Layers{Code: code(k, v)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", key, err, want)
		}
	}
	if _, _, _, err := FromArgs([]string{"--kiln.executor.resource.gpu.amount"}); err == nil || !strings.Contains(err.Error(), "has no value") {
		t.Error(err)
	}
	var b strings.Builder
	if err := Help(&b); err != nil || !strings.Contains(b.String(), "\nkiln.executor.resource.NAME.amount\n    number, default: 0\n") {
		t.Errorf("%v: help lacks a family", err)
	}
}
