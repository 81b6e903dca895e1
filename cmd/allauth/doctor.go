package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/allauth-go/allauth"
)

// doctor prints the findings of Auth.Diagnose.
func doctor(ctx context.Context, c *call) error {
	findings := c.auth.Diagnose(ctx)
	// That messages are cleaned by servers only is how the command was set up.
	findings = slices.DeleteFunc(findings, func(f allauth.Finding) bool { return f.Field == "CleanInterval" })
	if c.config == "" {
		findings = slices.DeleteFunc(findings, func(f allauth.Finding) bool { return f.Field != "store" && f.Field != "Mailer" })
		_, _ = fmt.Fprintln(c.errors, "Only the database was examined. Set -config to examine the configuration, too.")
	}
	failed := false
	for _, f := range findings {
		failed = failed || f.Severity == allauth.SeverityError
		c.printf("%-8s %s: %s\n         %s\n", f.Severity, f.Field, f.Problem, f.Fix)
		if err := c.printJSON(f); err != nil {
			return err
		}
	}
	if len(findings) == 0 {
		c.printf("Nothing is wrong.\n")
	}
	if failed {
		return errFound
	}
	return nil
}

// clean deletes expired rows.
func clean(ctx context.Context, c *call) error {
	if err := c.auth.Clean(ctx); err != nil {
		return err
	}
	c.printf("No expired rows are left.\n")
	return nil
}

// migrate runs the migrations that have not run, and prints their statements first.
func migrate(ctx context.Context, c *call) error {
	status, err := c.sql.Status(ctx)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := c.printJSON(map[string]any{"pending": status.PendingMigrations, "dry_run": c.values.dryRun}); err != nil {
		return err
	}
	if status.PendingMigrations == 0 {
		c.printf("All migrations have run.\n")
		return nil
	}
	statements, err := c.sql.SQL()
	if err != nil {
		return err
	}
	if c.values.dryRun {
		c.printf("%s", lastMigrations(statements, status.PendingMigrations))
		return nil
	}
	c.printf("%d migrations have not run.\n", status.PendingMigrations)
	if err := c.sql.Migrate(ctx); err != nil {
		return err
	}
	c.printf("They have run now.\n")
	return nil
}

// migrationMark begins each migration in the statements of sqlstore.Store.SQL.
const migrationMark = "-- migration "

// lastMigrations returns the statements of the last n migrations, which run in order: all
// statements if none has run.
func lastMigrations(statements string, n int) string {
	parts := strings.SplitAfter(statements, "\n")
	var at []int
	for i, line := range parts {
		if strings.HasPrefix(line, migrationMark) {
			at = append(at, i)
		}
	}
	if n >= len(at) {
		return statements
	}
	return strings.Join(parts[at[len(at)-n]:], "")
}
