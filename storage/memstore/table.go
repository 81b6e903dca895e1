package memstore

import (
	"iter"
	"math"

	"github.com/allauth-go/allauth/authn"
)

// table is a set of rows with indexes. A copy of a table is a snapshot of it, at
// a cost that does not depend on the number of rows.
type table[R any] struct {
	*schema[R]
	indexes [maxIndexes]*node[R]
}

const maxIndexes = 4

// schema says how the rows of a table are copied, and returns the key of a row in
// each index. The keys in the first indexes are unique; unique is the number of
// these indexes. The very first key of a row never changes.
type schema[R any] struct {
	clone  func(R) R
	unique int
	keys   []func(*R) key
}

func newTable[R any](clone func(R) R, unique int, keys ...func(*R) key) table[R] {
	return table[R]{schema: &schema[R]{clone, unique, keys}}
}

// asIs is the clone function of rows without slices or maps.
func asIs[R any](row R) R { return row }

// get returns the row with the key, or nil. The row must not be changed.
func (t *table[R]) get(index int, k key) *R { return t.indexes[index].get(k) }

// load returns a copy of the row with the key, or ErrNotFound.
func (t *table[R]) load(index int, k key) (*R, error) {
	row := t.get(index, k)
	if row == nil {
		return nil, authn.ErrNotFound
	}
	loaded := t.clone(*row)
	return &loaded, nil
}

// next returns the row with the least key that is not less than from, or nil.
func (t *table[R]) next(index int, from key) *R {
	var next *R
	t.indexes[index].ascend(from, func(_ key, row *R) bool {
		next = row
		return false
	})
	return next
}

// all yields the rows whose key has the text, in order. It yields none for the
// empty text, which is that of rows without a user.
func (t *table[R]) all(index int, text string) iter.Seq[*R] {
	return t.until(index, text, math.MaxInt64)
}

// until yields the rows of all up to the number. The rows are those at the start
// of the loop, so the loop may change the table.
func (t *table[R]) until(index int, text string, number int64) iter.Seq[*R] {
	return func(yield func(*R) bool) {
		if text == "" {
			return
		}
		t.indexes[index].ascend(key{text: text, number: math.MinInt64}, func(k key, row *R) bool {
			return k.text == text && k.number <= number && yield(row)
		})
	}
}

// list applies f to copies of the rows of all.
func list[R, T any](t *table[R], index int, text string, f func(R) T) ([]T, error) {
	var list []T
	for row := range t.all(index, text) {
		list = append(list, f(t.clone(*row)))
	}
	return list, nil
}

// add stores a copy of a new row. It returns ErrConflict if another row has one
// of its unique keys.
func (t *table[R]) add(row R) error {
	for i, keyOf := range t.keys[:t.unique] {
		if t.get(i, keyOf(&row)) != nil {
			return authn.ErrConflict
		}
	}
	t.put(row)
	return nil
}

// change stores the result of f for the row with the first key k, unless f
// returns an error. It returns ErrNotFound if there is no such row.
func (t *table[R]) change(k key, f func(row *R) error) error {
	row, err := t.load(0, k)
	if err == nil {
		err = f(row)
	}
	if err == nil {
		t.put(*row)
	}
	return err
}

// put stores a copy of a row, in place of the one with the same first key.
func (t *table[R]) put(row R) {
	stored := t.clone(row)
	old := t.get(0, t.keys[0](&stored))
	for i, keyOf := range t.keys {
		k := keyOf(&stored)
		if old != nil && keyOf(old) != k {
			t.indexes[i] = t.indexes[i].remove(keyOf(old))
		}
		t.indexes[i] = t.indexes[i].set(k, &stored)
	}
}

// remove removes a row.
func (t *table[R]) remove(row *R) {
	for i, keyOf := range t.keys {
		t.indexes[i] = t.indexes[i].remove(keyOf(row))
	}
}

// removeAll removes the rows of all.
func (t *table[R]) removeAll(index int, text string) {
	for row := range t.all(index, text) {
		t.remove(row)
	}
}

// removeUntil removes at most limit rows of until, and returns how many it
// removed.
func (t *table[R]) removeUntil(index int, text string, number int64, limit int) int {
	n := 0
	for row := range t.until(index, text, number) {
		if n == limit {
			break
		}
		t.remove(row)
		n++
	}
	return n
}
