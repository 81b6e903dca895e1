//go:build !unix

package breach

import "os"

// mapFile reads a file into memory.
func mapFile(path string) (content []byte, closeFile func() error, err error) {
	content, err = os.ReadFile(path)
	return content, func() error { return nil }, err
}
