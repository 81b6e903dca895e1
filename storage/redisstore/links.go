package redisstore

import "context"

// linked returns the ids that are listed under a user.
func (s *Store) linked(ctx context.Context, what, kind, userID string) ([]string, error) {
	if err := ctx.Err(); err != nil || userID == "" {
		return nil, err
	}
	ids, err := s.client.ZRange(ctx, s.key(kind, userID), 0, -1).Result()
	return ids, failed(what, err)
}

// unlink removes ids whose rows were deleted from the list of a user. Ids without
// a row stay until their time has come: another request may be about to store it.
func (s *Store) unlink(ctx context.Context, what, kind, userID string, ids []any) error {
	if len(ids) == 0 {
		return nil
	}
	return failed(what, s.client.ZRem(ctx, s.key(kind, userID), ids...).Err())
}
