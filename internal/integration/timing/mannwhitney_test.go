package timing_test

import (
	"math"
	"testing"

	"github.com/allauth-go/allauth/internal/integration/timing"
)

// The expected values follow the textbook formula, with the corrections for ties
// and for continuity.
func TestMannWhitney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b      []float64
		slower, p float64
	}{
		{[]float64{1, 2, 3}, []float64{1, 2, 3}, 0.5, 1},
		{[]float64{4, 5, 6}, []float64{1, 2, 3}, 1, 0.0808556},
		{[]float64{1, 2, 2, 4, 5}, []float64{2, 3, 6, 7, 7}, 0.2, 0.1375639},
		{[]float64{1, 1}, []float64{1, 1}, 0.5, 1},
	} {
		got := timing.MannWhitney(c.a, c.b)
		if math.Abs(got.Slower-c.slower) > 1e-6 || math.Abs(got.P-c.p) > 1e-6 {
			t.Errorf("%v against %v: %+v, want %v and %v", c.a, c.b, got, c.slower, c.p)
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	if got := timing.Median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("of three: %v", got)
	}
	if got := timing.Median([]float64{9, 1, 5, 7}); got != 6 {
		t.Errorf("of four: %v", got)
	}
}
