package timing

import (
	"cmp"
	"math"
	"slices"
)

// Comparison is the outcome of a Mann-Whitney U test.
type Comparison struct {
	// Slower is the probability that a value of the first sample is greater than
	// one of the second; ties count half. It is 0.5 where they are alike.
	Slower float64
	// P is the probability of a difference of this size between samples of one
	// distribution, two-sided, by the normal approximation. Its use begins at
	// about 20 values each.
	P float64
}

// MannWhitney compares two samples, of which neither is empty.
func MannWhitney(a, b []float64) Comparison {
	type value struct {
		v     float64
		first bool
	}
	var all []value
	for _, v := range a {
		all = append(all, value{v, true})
	}
	for _, v := range b {
		all = append(all, value{v, false})
	}
	slices.SortFunc(all, func(x, y value) int { return cmp.Compare(x.v, y.v) })
	// Equal values share the mean of their ranks.
	var ranks, ties float64
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].v == all[i].v {
			j++
		}
		for _, v := range all[i:j] {
			if v.first {
				ranks += float64(i+j+1) / 2
			}
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	u := ranks - n*(n+1)/2
	c := Comparison{Slower: u / (n * m), P: 1}
	variance := n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1)))
	if variance > 0 {
		z := max(math.Abs(u-n*m/2)-0.5, 0) / math.Sqrt(variance)
		c.P = math.Erfc(z / math.Sqrt2)
	}
	return c
}

// Median returns the middle of the values, of which there is at least one.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
