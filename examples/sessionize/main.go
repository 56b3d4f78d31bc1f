// Command sessionize groups the events of a web log into visits: runs of events of one user with no pause of half an hour.
//
//	go run ./examples/sessionize LOG OUT
//
// LOG is a text file, directory or glob with one event a line: user, time (RFC 3339) and page. OUT gets one visit a line: user,
// start, seconds, pages.
package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kilnproject/kiln"
)

const pause = 30 * time.Minute

type event struct {
	At   time.Time
	Page string
}

type visit struct {
	User   string
	Start  time.Time
	Length time.Duration
	Pages  []string
}

// String is how a visit is saved.
func (v visit) String() string {
	return fmt.Sprintf("%s %s %.0f %s", v.User, v.Start.Format(time.RFC3339), v.Length.Seconds(), strings.Join(v.Pages, ","))
}

func main() { kiln.Main(run) }

func run(ctx context.Context, s *kiln.Session) error {
	if len(s.Args()) != 2 {
		return errors.New("usage: sessionize LOG OUT")
	}
	return visits(kiln.TextFile(s, s.Args()[0])).SaveText(ctx, s.Args()[1])
}

// visits gives the visits of all users, those of one user in the order of time.
func visits(lines kiln.RDD[string]) kiln.RDD[visit] {
	events := kiln.Map(lines, parse)
	return kiln.FlatMap(kiln.SortByKey(kiln.GroupByKey(events)), cut)
}

// cut makes visits of one user's events. It sorts a copy: rows belong to the engine.
func cut(user kiln.KV[string, []event]) []visit {
	events := slices.Clone(user.Value)
	slices.SortFunc(events, func(a, b event) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.Page, b.Page)
	})
	var all []visit
	for _, e := range events {
		last := len(all) - 1
		if last < 0 || e.At.Sub(all[last].Start.Add(all[last].Length)) >= pause {
			all = append(all, visit{User: user.Key, Start: e.At})
			last++
		}
		all[last].Length = e.At.Sub(all[last].Start)
		all[last].Pages = append(all[last].Pages, e.Page)
	}
	return all
}

func parse(line string) kiln.KV[string, event] {
	f := strings.Fields(line)
	if len(f) != 3 {
		kiln.Fail(fmt.Errorf("an event has a user, a time and a page, not %q", line))
	}
	return kiln.Pair(f[0], event{kiln.Must(time.Parse(time.RFC3339, f[1])), f[2]})
}
