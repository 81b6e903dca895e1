package redisstore

import "context"

// linked returns the ids in the list of a user.
func (s *Store) linked(ctx context.Context, what, kind, userID string) ([]string, error) {
	if err := ctx.Err(); err != nil || userID == "" {
		return nil, err
	}
	ids, err := s.client.ZRange(ctx, s.key(kind, userID), 0, -1).Result()
	return ids, failed(what, err)
}

// unlink removes the ids of deleted rows from the list of a user. Other ids
// without a row stay until their time is up, as another request may be about to
// store the row.
func (s *Store) unlink(ctx context.Context, what, kind, userID string, ids []any) error {
	if len(ids) == 0 {
		return nil
	}
	return failed(what, s.client.ZRem(ctx, s.key(kind, userID), ids...).Err())
}
