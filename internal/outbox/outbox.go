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

// Sealer encrypts entries and binds them to their rows by associated data.
type Sealer interface {
	Seal(purpose string, plaintext, associated []byte) ([]byte, error)
	Open(purpose string, sealed, associated []byte) ([]byte, error)
}

// Config holds the arguments of New. Store, Sealer and the sender of each channel in use
// are required.
type Config struct {
	Store notify.Store
	// Decoys is the store of decoys. Nil: Store.
	Decoys notify.Store
	Mailer notify.Mailer
	Texter notify.Texter
	Poster Poster
	// Except are channels that another Outbox delivers.
	Except []string
	Sealer Sealer
	// Now returns the current time. Nil: time.Now.
	Now func() time.Time
	// Rand randomizes the delays of retries. Nil: crypto/rand.
	Rand io.Reader
	// Workers is how many messages are sent at the same time. Zero: 4.
	Workers int
	// SendTimeout limits one delivery. Zero: 15 seconds.
	SendTimeout time.Duration
	// Poll is the interval at which the store is searched for due entries, such as those
	// of other processes and earlier runs. Zero: 5 seconds.
	Poll time.Duration
	// Observe is called before each delivery with the kind of the message, and the
	// function that it returns after it: with an empty text, "error", or "refused" if it
	// is not tried again. Nil: off.
	Observe func(ctx context.Context, kind string) (context.Context, func(outcome string))
	// Logger logs failed deliveries, without recipients and texts. Nil: slog.Default.
	Logger *slog.Logger
}

// Outbox writes messages to a store and delivers them. It is safe for concurrent use.
type Outbox struct {
	Config

	wake  chan struct{}
	slots chan struct{} // one token for each delivery in flight
	// abandoned counts the deliveries whose sender ignores its context.
	abandoned atomic.Int32
	ctx       context.Context
	abort     context.CancelFunc // cancels the deliveries in flight

	mu      sync.Mutex
	started bool
	closing bool
	stop    chan struct{} // closed by Close: ends the dispatcher
	done    chan struct{} // closed when Close has finished
	tasks   sync.WaitGroup
	handled map[string]state
	paused  map[string]pause // by target
	random  sync.Mutex
}

// New returns an Outbox that accepts messages. It delivers them after Start.
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
		paused:  map[string]pause{},
	}
}

// Wake makes the worker look for due entries now. Call it after the transaction that
// wrote a message was committed. It does not block.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // the worker was woken already
	}
}

// Start starts the worker, which also delivers the entries of earlier runs. Later calls,
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
