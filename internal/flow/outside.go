package flow

import "context"

// outside is what the runs of one transaction have done to challenges that are kept
// outside of it: a run that is rolled back leaves it done, and the next run must not
// take it for the work of another request.
type outside struct {
	// consumed are the ids of challenges, and hashes what is stored of those that
	// were reissued.
	consumed map[string]bool
	hashes   map[string][]byte
}

type outsideKey struct{}

// withOutside returns the context of all runs of a transaction.
func withOutside(ctx context.Context) context.Context {
	return context.WithValue(ctx, outsideKey{}, &outside{consumed: map[string]bool{}, hashes: map[string][]byte{}})
}

// outside returns what earlier runs have done; outside of InTx, and where challenges
// are rolled back with the transaction, that is nothing.
func (s *Challenges) outside(ctx context.Context) *outside {
	if o, ok := ctx.Value(outsideKey{}).(*outside); ok && !s.Store.ChallengesInTx() {
		return o
	}
	return &outside{consumed: map[string]bool{}, hashes: map[string][]byte{}}
}
