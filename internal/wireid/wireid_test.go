package wireid

import (
	"math"
	"slices"
	"testing"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ stored, want []int64 }{
		"none":                           {nil, []int64{}},
		"small ids stay":                 {[]int64{3, 1, Max}, []int64{3, 1, Max}},
		"the first id that is too large": {[]int64{Max + 1}, []int64{2}},
		"two rows of one remainder":      {[]int64{7 + Max, 7 + 5*Max}, []int64{8, 9}},
		"a small id is not taken away":   {[]int64{7 + Max, 8, 9}, []int64{10, 8, 9}},
		"after the largest comes 1":      {[]int64{2*Max - 1, Max}, []int64{1, Max}},
		"the largest and negative ids":   {[]int64{math.MaxInt64, -1, math.MinInt64}, []int64{2, 4, 3}},
	} {
		got := Of(test.stored...)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: Of(%v) = %v, want %v", name, test.stored, got, test.want)
		}
	}
}
