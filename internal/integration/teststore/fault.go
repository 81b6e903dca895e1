package teststore

import (
	"context"
	"sync"
)

// Collision is one collision of a request with another one. It is safe for
// concurrent use.
type Collision struct {
	mu sync.Mutex
	in int
}

type collisionKey struct{}

// CollideAt returns a context under which a Faulty store collides at the n-th
// statement that is run inside of a transaction, commits among them, and at no
// other.
func CollideAt(ctx context.Context, n int) (context.Context, *Collision) {
	c := &Collision{in: n}
	return context.WithValue(ctx, collisionKey{}, c), c
}

// Happened reports whether there were as many statements as that.
func (c *Collision) Happened() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.in <= 0
}

// hits counts a statement, and reports whether it is the one that collides.
func (c *Collision) hits() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in--
	return c.in == 0
}
