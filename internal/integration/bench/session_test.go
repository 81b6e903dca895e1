package bench_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
)

var (
	overHTTP = flag.Bool("http", false, "let BenchmarkSession ask over loopback, rather than call the handlers")
	turn     = flag.Duration("turn", 500*time.Millisecond, "how long BenchmarkSession asks each side in turn")
)

// parallel are the numbers of clients that ask at once.
var parallel = []int{1, 64, 512}

// BenchmarkSession compares GET auth/session with a bare handler on scs that asks
// the same database for the session and for the user, and answers the same JSON.
// Each iteration asks both in turn for a while. The ratio is the median of those of
// the pairs.
func BenchmarkSession(b *testing.B) {
	for _, backend := range backends {
		b.Run(backend.name, func(b *testing.B) {
			store, db := backend.open(b)
			auth, bare := newAuth(b, store, clienttest.Unlimited), newBareSite(b, db, backend.name == "PostgreSQL")
			for _, kind := range []clienttest.Kind{clienttest.Browser, clienttest.App} {
				ours, theirs := twins(b, auth, bare, kind, slices.Max(parallel))
				for _, clients := range parallel {
					b.Run(fmt.Sprintf("%s/%d", kind, clients), func(b *testing.B) { compare(b, ours, theirs, clients) })
				}
			}
		})
	}
}

// side is one of the two that are compared: a handler, and the request of each
// client.
type side struct {
	handler  http.Handler
	requests []*http.Request
}

// twins logs n users in to both sites, and checks that both tell the same of each.
func twins(b *testing.B, auth *allauth.Auth, bare *bareSite, kind clienttest.Kind, n int) (ours, theirs side) {
	b.Helper()
	ours.handler, theirs.handler = auth, bare.handler(kind)
	for i := range n {
		email := addUser(b, auth, fmt.Sprintf("%s%d", kind, i))
		text := ours.add(b, kind, logIn(b, auth, kind, email))
		var shown answer
		if err := json.Unmarshal(text, &shown); err != nil {
			b.Fatal(err)
		}
		same := theirs.add(b, kind, bare.logIn(b, kind, shown))
		if !bytes.Equal(bytes.TrimSpace(same), text) {
			b.Fatalf("the bare site answers\n%s\nand ours\n%s", same, text)
		}
	}
	return ours, theirs
}

// add makes the request of another client, and returns what it is answered.
func (s *side) add(b *testing.B, kind clienttest.Kind, mark func(r *http.Request)) []byte {
	b.Helper()
	r := httptest.NewRequest(http.MethodGet, apiPath(kind, "auth/session"), nil)
	mark(r)
	s.requests = append(s.requests, r)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if cookies := w.Result().Cookies(); len(cookies) > 0 {
		b.Fatalf("the client gets %s anew", cookies[0].Name)
	}
	return w.Body.Bytes()
}

// figures are what one side showed in one turn.
type figures struct {
	perSecond float64
	times     []time.Duration
}

func compare(b *testing.B, ours, theirs side, clients int) {
	askOurs, askTheirs := ours.connect(b, clients), theirs.connect(b, clients)
	load(b, askOurs, *turn/5)
	load(b, askTheirs, *turn/5)
	var ratios, rates, bareRates []float64
	var times, bareTimes []time.Duration
	for i := 0; b.Loop(); i++ {
		var mine, bare figures
		if i%2 == 0 {
			mine, bare = load(b, askOurs, *turn), load(b, askTheirs, *turn)
		} else {
			bare, mine = load(b, askTheirs, *turn), load(b, askOurs, *turn)
		}
		rates, bareRates = append(rates, mine.perSecond), append(bareRates, bare.perSecond)
		ratios = append(ratios, mine.perSecond/bare.perSecond)
		times, bareTimes = append(times, mine.times...), append(bareTimes, bare.times...)
	}
	b.ReportMetric(0, "ns/op") // the length of the turns says nothing
	b.ReportMetric(quantile(ratios, 0.5), "ratio")
	b.ReportMetric(quantile(rates, 0.5), "req/s")
	b.ReportMetric(quantile(bareRates, 0.5), "bare-req/s")
	b.ReportMetric(quantile(times, 0.5).Seconds()*1e6, "p50-µs")
	b.ReportMetric(quantile(bareTimes, 0.5).Seconds()*1e6, "bare-p50-µs")
	b.ReportMetric(quantile(times, 0.95).Seconds()*1e6, "p95-µs")
	b.ReportMetric(quantile(bareTimes, 0.95).Seconds()*1e6, "bare-p95-µs")
}

// quantile returns the value below which that part of the values lies.
func quantile[T float64 | time.Duration](values []T, part float64) T {
	slices.Sort(values)
	return values[min(int(part*float64(len(values))), len(values)-1)]
}

// load lets all clients ask for a while, each again once it is answered.
func load(b *testing.B, clients []func() error, length time.Duration) figures {
	b.Helper()
	times := make([][]time.Duration, len(clients))
	failed := make([]error, len(clients))
	begin := time.Now()
	var all sync.WaitGroup
	for i, ask := range clients {
		all.Go(func() {
			for before := time.Now(); before.Sub(begin) < length && failed[i] == nil; {
				failed[i] = ask()
				after := time.Now()
				times[i] = append(times[i], after.Sub(before))
				before = after
			}
		})
	}
	all.Wait()
	elapsed := time.Since(begin)
	for _, err := range failed {
		if err != nil {
			b.Fatal(err)
		}
	}
	together := slices.Concat(times...)
	return figures{float64(len(together)) / elapsed.Seconds(), together}
}

// connect returns a function for each client that sends its request and waits for
// the answer.
func (s side) connect(b *testing.B, clients int) []func() error {
	b.Helper()
	asks := make([]func() error, clients)
	if !*overHTTP {
		for i := range asks {
			asks[i] = s.caller(s.requests[i])
		}
		return asks
	}
	server := httptest.NewServer(s.handler)
	b.Cleanup(server.Close)
	for i := range asks {
		asks[i] = s.dial(b, server.Listener.Addr().String(), s.requests[i])
	}
	return asks
}

// caller calls the handler.
func (s side) caller(r *http.Request) func() error {
	return func() error {
		w := &discard{header: http.Header{}}
		s.handler.ServeHTTP(w, r)
		return expectOK(w.status)
	}
}

// dial opens a connection on which the request is sent again and again. All answers
// have the length of the first one, so that the client spends no time on parsing
// them.
func (s side) dial(b *testing.B, address string, r *http.Request) func() error {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() }) // all was read
	var request, first bytes.Buffer
	if err := r.Write(&request); err != nil {
		b.Fatal(err)
	}
	if _, err := conn.Write(request.Bytes()); err != nil {
		b.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &first)), r)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		b.Fatal(err)
	}
	text := first.Bytes()
	return func() error {
		if _, err := conn.Write(request.Bytes()); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, text); err != nil {
			return err
		}
		status, _ := strconv.Atoi(string(text[len("HTTP/1.1 "):][:3])) // 0 is no status, either
		return expectOK(status)
	}
}

func expectOK(status int) error {
	if status != http.StatusOK {
		return fmt.Errorf("status %d", status)
	}
	return nil
}

// discard is a ResponseWriter that costs next to nothing.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header { return d.header }

func (d *discard) Write(p []byte) (int, error) {
	if d.status == 0 {
		d.status = http.StatusOK
	}
	return len(p), nil
}

func (d *discard) WriteHeader(status int) { d.status = status }
