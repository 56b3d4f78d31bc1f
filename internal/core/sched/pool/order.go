package pool

import "cmp"

// fifoBefore is Spark's FIFO between task sets: by job, then by stage, then who came first.
func fifoBefore[T any](a, b *Member[T]) bool {
	return cmp.Or(cmp.Compare(a.job, b.job), cmp.Compare(a.stage, b.stage), cmp.Compare(a.entered, b.entered)) < 0
}

// fairBefore is Spark's FAIR between task sets, each of which has weight 1 and no minimum share.
func fairBefore[T any](a, b *Member[T]) bool {
	if a.running != b.running {
		return a.running < b.running
	}
	return fifoBefore(a, b)
}

// poolBefore is Spark's FAIR between pools. Ratios are compared without division.
func poolBefore[T any](a, b *pool[T]) bool {
	needyA, needyB := a.running < a.MinShare, b.running < b.MinShare
	if needyA != needyB {
		return needyA
	}
	shareA, shareB := int64(a.Weight), int64(b.Weight)
	if needyA {
		shareA, shareB = int64(a.MinShare), int64(b.MinShare)
	}
	return cmp.Or(cmp.Compare(int64(a.running)*shareB, int64(b.running)*shareA), cmp.Compare(a.Name, b.Name)) < 0
}
