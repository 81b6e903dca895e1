package outbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// Sealer encrypts what lies in the store and binds it to its row.
type Sealer interface {
	Seal(purpose string, plaintext, associated []byte) ([]byte, error)
	Open(purpose string, sealed, associated []byte) ([]byte, error)
}

// Config is what an Outbox works with. Store, Sealer and the sender of each
// channel in use are required.
type Config struct {
	Store notify.Store
	// Decoys is where decoys are written. Nil: Store.
	Decoys notify.Store
	Mailer notify.Mailer
	Texter notify.Texter
	Sealer Sealer
	// Now is the clock by which entries are due and expire. Nil: time.Now.
	Now func() time.Time
	// Rand spreads retries. Nil: crypto/rand.
	Rand io.Reader
	// Workers is how many messages are sent at the same time. Zero: 4.
	Workers int
	// SendTimeout bounds one delivery. Zero: 15 seconds.
	SendTimeout time.Duration
	// Poll is how often the store is asked for what other processes and
	// earlier runs left behind. Zero: 5 seconds.
	Poll time.Duration
	// Logger hears of failed deliveries, without recipients and texts. Nil:
	// slog.Default().
	Logger *slog.Logger
}

// Outbox writes messages to a store and delivers them. Safe for concurrent use.
type Outbox struct {
	Config

	wake  chan struct{}
	slots chan struct{} // one token for each delivery under way
	// abandoned counts the senders that ignore their context.
	abandoned atomic.Int32
	ctx       context.Context
	abort     context.CancelFunc // ends deliveries under way

	mu      sync.Mutex
	started bool
	closing bool
	stop    chan struct{} // closed by Close: ends the dispatcher
	done    chan struct{} // closed when Close has finished
	tasks   sync.WaitGroup
	handled map[string]state
	random  sync.Mutex
}

// New returns an Outbox that accepts messages. Start makes it deliver them.
func New(config Config) *Outbox {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Decoys == nil {
		config.Decoys = config.Store
	}
	config.Workers = cmp.Or(config.Workers, 4)
	config.SendTimeout = cmp.Or(config.SendTimeout, 15*time.Second)
	config.Poll = cmp.Or(config.Poll, 5*time.Second)
	config.Store = guardedStore{config.Store, config.Logger}
	ctx, abort := context.WithCancel(context.Background())
	return &Outbox{
		Config:  config,
		wake:    make(chan struct{}, 1),
		slots:   make(chan struct{}, config.Workers),
		ctx:     ctx,
		abort:   abort,
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
		handled: map[string]state{},
	}
}

// Wake asks for delivery now. Call it after the transaction that wrote a
// message has been committed. It does not block.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // it is being woken already
	}
}

// Start begins to deliver, also what earlier runs left behind. Further calls,
// and calls after Close, do nothing.
func (o *Outbox) Start() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.started || o.closing {
		return
	}
	o.started = true
	o.tasks.Go(o.dispatch)
}
