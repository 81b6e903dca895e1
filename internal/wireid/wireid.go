// Package wireid gives the rows of one user the ids by which clients know them. The
// stores' own ids may have 64 bits, but many generated clients read an id into 32.
package wireid

import "math"

// Max is the largest id on the wire.
const Max = math.MaxInt32

// Of returns an id from 1 to Max for each of the stored ids of a user's rows. The ids
// differ if the stored ones do. An id that is in this range stays as it is. Others get
// the same one in every call, unless it belongs to another row of the user: then the row
// that comes first keeps it, and the other gets the next free one.
func Of(stored ...int64) []int64 {
	ids, taken := make([]int64, len(stored)), make(map[int64]bool, len(stored))
	for i, id := range stored {
		if id > 0 && id <= Max {
			ids[i], taken[id] = id, true
		}
	}
	for i, id := range stored {
		if ids[i] != 0 {
			continue
		}
		ids[i] = next(int64(uint64(id) % Max))
		for taken[ids[i]] {
			ids[i] = next(ids[i])
		}
		taken[ids[i]] = true
	}
	return ids
}

// next returns the id after another one. That after Max is 1.
func next(id int64) int64 { return id%Max + 1 }
