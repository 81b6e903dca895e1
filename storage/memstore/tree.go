package memstore

import (
	"cmp"
	"math/rand/v2"
	"strings"
)

// key is the position of a row in an index, ordered by text, then number, then
// tie.
type key struct {
	text   string
	number int64
	tie    string
}

func (k key) compare(other key) int {
	if c := strings.Compare(k.text, other.text); c != 0 {
		return c
	}
	if c := cmp.Compare(k.number, other.number); c != 0 {
		return c
	}
	return strings.Compare(k.tie, other.tie)
}

// node is a tree of rows ordered by their keys; nil is the empty tree. It is a
// treap: random priorities, the highest at the root, keep its depth at the
// logarithm of its size. Methods change no node: they return a new tree, which
// shares its unchanged nodes with the old one.
type node[R any] struct {
	key         key
	row         *R
	priority    uint64
	left, right *node[R]
}

// get returns the row with that key, or nil.
func (n *node[R]) get(k key) *R {
	for n != nil {
		switch c := k.compare(n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return n.row
		}
	}
	return nil
}

// set returns the tree with row at the key.
func (n *node[R]) set(k key, row *R) *node[R] {
	if n == nil {
		return &node[R]{key: k, row: row, priority: rand.Uint64()}
	}
	top := *n
	switch c := k.compare(n.key); {
	case c < 0:
		top.left = n.left.set(k, row)
		if left := top.left; left.priority > top.priority {
			top.left, left.right = left.right, &top
			return left
		}
	case c > 0:
		top.right = n.right.set(k, row)
		if right := top.right; right.priority > top.priority {
			top.right, right.left = right.left, &top
			return right
		}
	default:
		top.row = row
	}
	return &top
}

// remove returns the tree without the key.
func (n *node[R]) remove(k key) *node[R] {
	if n == nil {
		return nil
	}
	top := *n
	switch c := k.compare(n.key); {
	case c < 0:
		top.left = n.left.remove(k)
	case c > 0:
		top.right = n.right.remove(k)
	default:
		return join(n.left, n.right)
	}
	return &top
}

// join returns a tree with the rows of both. The keys of a are lower than those
// of b.
func join[R any](a, b *node[R]) *node[R] {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	if a.priority > b.priority {
		top := *a
		top.right = join(a.right, b)
		return &top
	}
	top := *b
	top.left = join(a, b.left)
	return &top
}

// ascend yields the rows from the key from on, in order, until yield returns
// false. It reports whether it reached the end.
func (n *node[R]) ascend(from key, yield func(key, *R) bool) bool {
	if n == nil {
		return true
	}
	if from.compare(n.key) <= 0 && !(n.left.ascend(from, yield) && yield(n.key, n.row)) {
		return false
	}
	return n.right.ascend(from, yield)
}
