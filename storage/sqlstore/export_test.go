package sqlstore

// Queries returns every query that the store has made so far, as the database
// takes it.
func (s *Store) Queries() []string {
	var list []string
	s.queries.Range(func(_, query any) bool {
		list = append(list, query.(string))
		return true
	})
	return list
}
