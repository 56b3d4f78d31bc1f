// Package job ships functions that reach variables of another package.
package job

import (
	"example.com/team/setting"
	"github.com/kilnproject/kiln"
)

func run(d kiln.RDD[int]) {
	setting.Fixed = 1
	kiln.Map(d, func(n int) int { return n + setting.Limit }) // want `literal reaches package variable setting.Limit, which changes at setting.go:12`
	kiln.Map(d, setting.Hidden)                               // want `Hidden reaches package variable setting.hidden, which changes at setting.go:13`
	kiln.Map(d, func(n int) int { return setting.Hidden(n) }) // want `literal reaches package variable setting.hidden`
	kiln.MapWith(d, setting.Scale{}, setting.Scale.By)        // want `By reaches package variable setting.hidden`
	kiln.Map(d, func(n int) int { return setting.Fixed })     // want `literal reaches package variable setting.Fixed, which changes at job.go:10`
}

func travels(d kiln.RDD[int]) {
	kiln.Map(d, setting.Plain)
}
