package hand

import "github.com/kilnproject/kiln/bench/data"

// mine says whether a thread handles this key. All rows are arithmetic, so every thread makes all of them and keeps its keys: nothing has
// to be merged.
func mine(key int64, thread, threads int) bool { return threads == 1 || int(key)%threads == thread }

// ReduceByKey adds the values of each key in a map.
func ReduceByKey(in data.Input, threads int) (data.Result, error) {
	return sum(threads, func(thread int) (r data.Result) {
		rows := in.Rows()
		sums := make(map[int64]int64)
		for i := range in.Pairs() {
			if key, value := rows.Pair(i); mine(key, thread, threads) {
				sums[key] += value
			}
		}
		for key, total := range sums {
			r.Rows++
			r.Checksum += data.SumOfPair(key, total)
		}
		return r
	}), nil
}

// GroupByKey gathers the values of each key in a map of slices.
func GroupByKey(in data.Input, threads int) (data.Result, error) {
	return sum(threads, func(thread int) (r data.Result) {
		rows := in.Rows()
		groups := make(map[int64][]int64)
		for i := range in.Pairs() {
			if key, value := rows.Pair(i); mine(key, thread, threads) {
				groups[key] = append(groups[key], value)
			}
		}
		for key, values := range groups {
			r.Rows++
			r.Checksum += data.SumOfGroup(key, values)
		}
		return r
	}), nil
}

// Join builds a map of slices from the left side and probes it with the right.
func Join(in data.Input, threads int) (data.Result, error) {
	return sum(threads, func(thread int) (r data.Result) {
		rows := in.Rows()
		left := make(map[int64][]int64)
		for i := range in.Joined() {
			if key, value := rows.Left(i); mine(key, thread, threads) {
				left[key] = append(left[key], value)
			}
		}
		for i := range in.Joined() {
			key, value := rows.Right(i)
			if !mine(key, thread, threads) {
				continue
			}
			for _, l := range left[key] {
				r.Rows++
				r.Checksum += data.SumOfJoined(key, l, value)
			}
		}
		return r
	}), nil
}
