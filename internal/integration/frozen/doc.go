// Package frozen holds what must not change between versions, and its tests:
// databases and credentials that earlier versions wrote, which the current
// version upgrades and accepts, and the list of the strings that are stored or
// sent.
//
// Each folder below testdata was written by one version, named after its
// commit. To add the fixtures of the current version:
//
//	go test ./internal/integration/frozen -run TestWriteFixtures -write testdata/$(git rev-parse --short HEAD)
//
// A folder is never edited afterwards.
package frozen
