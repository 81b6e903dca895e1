package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"
)

// The errors of drivers are recognized without importing them: those of
// PostgreSQL have a method SQLState, those of go-sql-driver/mysql a field Number,
// those of SQLite a method Code.

// isDuplicate reports whether a unique value is taken.
func isDuplicate(err error) bool {
	return sqlState(err) == "23505" || mysqlNumber(err) == 1062 || sqliteCode(err) == 2067
}

// isExistingIndex reports whether MySQL already has an index of that name, from a
// migration that was interrupted: MySQL commits each statement that creates an
// index, and has no CREATE INDEX IF NOT EXISTS.
func isExistingIndex(err error) bool { return mysqlNumber(err) == 1061 }

// isTransient reports whether the statement collided with another one and can be
// retried: after a deadlock, or if transactions could not be serialized.
func isTransient(err error) bool {
	switch sqlState(err) {
	case "40001", "40P01":
		return true
	}
	switch mysqlNumber(err) {
	case 1205, 1213, 1020: // lock wait timeout, deadlock, record changed since last read
		return true
	}
	return false
}

// isOutOfRange reports whether a number in the statement was too large.
func isOutOfRange(err error) bool { return mysqlNumber(err) == 1690 }

// isBusy reports whether another connection has locked the SQLite file.
func isBusy(err error) bool {
	return sqliteCode(err)&0xff == 5
}

func sqliteCode(err error) int {
	var coder interface{ Code() int }
	if errors.As(err, &coder) {
		return coder.Code()
	}
	return 0
}

// isUnmigrated reports whether a table is missing. SQLite has no code for that.
func isUnmigrated(err error) bool {
	return sqlState(err) == "42P01" || mysqlNumber(err) == 1146 || strings.Contains(err.Error(), "no such table")
}

// failed wraps the error of a step.
func failed(what string, err error) error {
	if isUnmigrated(err) {
		return fmt.Errorf("sqlstore: %s: %w; call Migrate at start, with the dialect and options that the store has now", what, err)
	}
	return fmt.Errorf("sqlstore: %s: %w", what, err)
}

func sqlState(err error) string {
	var stater interface{ SQLState() string }
	if errors.As(err, &stater) {
		return stater.SQLState()
	}
	return ""
}

func mysqlNumber(err error) uint64 {
	for ; err != nil; err = errors.Unwrap(err) {
		v := reflect.ValueOf(err)
		if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
			continue
		}
		if number := v.Elem().FieldByName("Number"); number.IsValid() && number.Kind() == reflect.Uint16 {
			return number.Uint()
		}
	}
	return 0
}

// pause waits for a short random time that grows with each try, so that callers
// do not collide again.
func pause(ctx context.Context, try int) error {
	timer := time.NewTimer(rand.N(time.Duration(try) * 4 * time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
