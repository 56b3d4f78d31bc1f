package conf

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseMasterReadsEveryForm(t *testing.T) {
	for text, want := range map[string]MasterURL{
		"local":                  {Kind: Local, Slots: 1, Tries: 1},
		"local[4]":               {Kind: Local, Slots: 4, Tries: 1},
		"local[*]":               {Kind: Local, Tries: 1},
		"local[ 4 , 2 ]":         {Kind: Local, Slots: 4, Tries: 2},
		"local[*,3]":             {Kind: Local, Tries: 3},
		"local-cluster[2,1,1g]":  {Kind: LocalCluster, Executors: 2, Slots: 1, Memory: GiB},
		"local-cluster[2,1,512]": {Kind: LocalCluster, Executors: 2, Slots: 1, Memory: 512 * MiB},
		"local-cluster[2, 1]":    {Kind: LocalCluster, Executors: 2, Slots: 1},
		"kiln://h:7077":          {Kind: Standalone, Addresses: []string{"h:7077"}},
		"kiln://h:1,[::1]:2":     {Kind: Standalone, Addresses: []string{"h:1", "[::1]:2"}},
		"yarn":                   {Kind: YARN},
		"k8s://https://h:6443":   {Kind: Kubernetes, Server: "https://h:6443"},
		"mesos://zk://h:1/mesos": {Kind: Mesos, Server: "zk://h:1/mesos"},
	} {
		if got, err := ParseMaster(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestParseMasterRefusesWithASuggestion(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "is empty; masters are local,",
		"Local[2]":                  "did you mean local[2]?",
		"locl":                      "did you mean local?",
		"local(2)":                  "did you mean local[2]?",
		"local[2":                   "did you mean local[2]?",
		"local2":                    "did you mean local[4]?",
		"local[]":                   `has "" for the number of slots`,
		"local[0]":                  "must be from 1 to",
		"local[-1]":                 "must be from 1 to",
		"local[99999999999999]":     "must be from 1 to",
		"local[two]":                "local[*] uses every core",
		"local[2,0]":                "number of tries",
		"local[2,1,1g]":             "local-cluster[executors,slots,memory]",
		"local-cluster[2]":          "local-cluster[2,4,1g]",
		"local-cluster[2,1,1x]":     `memory "1x"`,
		"local-cluster[2,1,1]":      "at least 32m",
		"local-cluster[2,1,0]":      "at least 32m",
		"local-cluster[0,1,1g]":     "number of executors",
		"local_cluster[2,1,1g]":     "did you mean local-cluster[2,1,1g]?",
		"kiln://":                   "has no address",
		"kiln://h":                  "kiln://host:7077",
		"kiln://h:0":                "host:port",
		"kiln://h:1,":               "host:port",
		"klin://h:1":                "did you mean kiln://h:1?",
		"spark://h:7077":            "did you mean kiln://h:7077?",
		"yarn-client":               "did you mean yarn?",
		"k9s://h":                   "did you mean k8s://h?",
		"something quite different": "masters are local,",
		strings.Repeat("x", 1000):   "masters are local,",
	} {
		got, err := ParseMaster(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %+v, %v; want an error with %q", text, got, err, want)
		}
	}
}

func TestOnlyMastersThatDoNotSaySoLeaveTheTriesToTheSetting(t *testing.T) {
	c := parse(t, Layers{Code: code("kiln.task.maxFailures", "6")})
	for text, want := range map[string]int{"local": 1, "local[4]": 1, "local[*]": 1, "local[4,3]": 3, "local-cluster[1,1,1g]": 6, "yarn": 6} {
		m, err := ParseMaster(text)
		if err != nil || m.MaxFailures(c) != want {
			t.Errorf("%s: got %d, %v; want %d", text, m.MaxFailures(c), err, want)
		}
	}
}
