package main

import (
	"context"
	"flag"
)

// commands are all commands, in the order of the help.
var commands []command

func init() { //nolint:gochecknoinits // help lists the commands, one of which it is
	commands = []command{
		{
			name: "doctor", needs: database, run: doctor,
			about: "Says what is wrong with an installation, and how to mend it.",
			more:  "With -config it examines what a server with that file would use: URL, secrets, cookies, limits, the mail server and the database. Without, only the database. What a running server has learned of its proxies, only that server can tell: call Auth.Diagnose there. The status is 1 if there is an error.",
		},
		{
			name: "users list", args: "[PREFIX]", needs: database, run: listUsers, flags: listFlags,
			about: "Lists users, the newest first, or those with a prefix.",
			more:  "PREFIX is the beginning of a username, of an email address, or of a phone number with its plus sign. With -json each line is a user.",
		},
		{name: "users show", args: "USER", needs: database, run: showUser, about: "Shows a user and the sessions.", more: who},
		{
			name: "users create", needs: secrets, run: createUser, flags: createFlags,
			about: "Creates a user.",
			more:  "A username, an address or a number that another user has is left out and reported.",
		},
		{name: "users invite", args: "USER [EMAIL]", needs: secrets, run: changes("User {user} is mailed an invitation.", invite), about: "Mails an invitation to a user without a password.", more: who},
		{
			name: "users disable", args: "USER", needs: database, about: "Disables a user, and ends all sessions, codes and links for good.", more: who,
			run: changes("User {user} is disabled.", func(ctx context.Context, c *call, id string) error { return c.auth.Users().Disable(ctx, id) }),
		},
		{
			name: "users enable", args: "USER", needs: database, about: "Enables a user.", more: who,
			run: changes("User {user} is enabled.", func(ctx context.Context, c *call, id string) error { return c.auth.Users().Enable(ctx, id) }),
		},
		{
			name: "users set-password", args: "USER", needs: secrets, run: changes("User {user} has the new password.", setPassword),
			about: "Sets a password, ends all sessions and mails the owner.",
			more:  "The password is typed twice, or is the first line of the standard input.\n\n" + who,
		},
		{
			name: "users send-password-reset", args: "USER [EMAIL]", needs: secrets, about: "Mails a link to choose a new password.", more: who,
			run: changes("User {user} is mailed a link.", func(ctx context.Context, c *call, id string) error {
				return c.auth.Users().SendPasswordReset(ctx, id, c.arg(1))
			}),
		},
		{
			name: "users reset-factors", args: "USER", needs: secrets, about: "Removes all second factors, passkeys and recovery codes of a user.", more: who,
			run: changes("User {user} has no second factors.", func(ctx context.Context, c *call, id string) error { return c.auth.Users().ResetFactors(ctx, id) }),
		},
		{
			name: "users add-email", args: "USER EMAIL", needs: secrets, about: "Adds an email address to an account.", more: who,
			flags: func(c *call, f *flag.FlagSet) {
				f.BoolVar(&c.values.verified, "verified", false, "the user owns the address; without, a link is mailed to it")
			},
			run: changes("User {user} has the address {2}.", func(ctx context.Context, c *call, id string) error {
				return c.auth.Users().AddEmail(ctx, id, c.arg(1), c.values.verified)
			}),
		},
		{
			name: "users verify-email", args: "USER EMAIL", needs: secrets, about: "Marks an email address as verified.", more: who,
			run: changes("The address {2} of user {user} is verified.", func(ctx context.Context, c *call, id string) error {
				return c.auth.Users().SetEmailVerified(ctx, id, c.arg(1))
			}),
		},
		{
			name: "users primary-email", args: "USER EMAIL", needs: secrets, about: "Makes an email address the primary one, and mails the former one.", more: who,
			run: changes("{2} is the primary address of user {user}.", func(ctx context.Context, c *call, id string) error {
				return c.auth.Users().SetPrimary(ctx, id, c.arg(1))
			}),
		},
		{
			name: "users delete", args: "USER", needs: database, run: deleteUser, flags: yesFlag,
			about: "Deletes a user and all that the library stores of them.",
			more:  "A host with Users.BeforeDelete deletes users itself: the command does not know that function.\n\n" + who,
		},
		{name: "sessions list", args: "USER", needs: database, run: listSessions, about: "Lists the sessions of a user.", more: who},
		{name: "sessions end", args: "USER [SESSION]", needs: database, run: changes("The sessions of user {user} have ended.", endSessions), about: "Ends all sessions of a user, or one of them.", more: who},
		{
			name: "clean", needs: database, run: clean,
			about: "Deletes expired rows, in short batches with pauses.",
			more:  "Servers do so themselves unless CleanInterval is negative. Accounts whose deletion a user has requested are left to the servers.",
		},
		{
			name: "migrate", needs: database, run: migrate,
			about: "Creates the tables, or upgrades them to those of this version.",
			flags: func(c *call, f *flag.FlagSet) {
				f.BoolVar(&c.values.dryRun, "dry-run", false, "only print the statements")
			},
		},
		{
			name: "export", args: "FILE", needs: secrets, run: export,
			about: "Writes all users to a new file, one JSON object per line.",
			more:  "FILE - is the standard output. The file has password hashes, and the secrets of second factors: its mode is 0600, and who has it can log in as these users. It has neither sessions nor accounts at providers nor events.",
		},
		{
			name: "import", args: "FILE", needs: secrets, run: importUsers,
			about: "Creates users from a file that export has written, or another system.",
			more:  "FILE - is the standard input. docs/operations.md describes the lines. Values that another user has, or that are invalid, are reported, and the user is created without them. A user who exists is left as they are, so the command can be repeated.",
			flags: func(c *call, f *flag.FlagSet) {
				f.BoolVar(&c.values.check, "check", false, "report what would happen, and store nothing")
			},
		},
		{
			name: "django settings", run: printDjangoScript,
			about: "Prints a script with which a Django site prints its settings.",
			more:  "In the folder of the site: umask 077; allauth django settings | python manage.py shell > django.json. The file has the secret key of the site.",
		},
		{
			name: "django inspect", args: "FILE", run: inspectDjango, flags: djangoFlags,
			about: "Says which users of a Django site would not get in as before, and which settings have no counterpart.",
			more:  "FILE is what the script of django settings printed. It changes nothing. With -json each line is a finding. The status is 1 if a second factor cannot be taken over. docs/from-django.md explains the kinds.",
		},
		{
			name: "django adopt", args: "FILE", run: adoptDjango, flags: djangoFlags,
			about: "Lets the open sessions of a Django site go on.",
			more:  "FILE is what the script of django settings printed. It can be repeated. Security keys need no adoption: a server finds those that it does not know.",
		},
		{
			name: "keys new", args: "[KIND]", run: newKey,
			about: "Prints a new secret or key.",
			more:  "KIND is secret (the default) for secret_key, webhook for the secrets of a webhook, or eddsa, es256 or rs256 for jwt_private_key. With -json it is a text for the configuration file.",
		},
		{
			name: "mails preview", args: "DIRECTORY", run: previewMails, flags: mailFlags,
			about: "Writes all mails and text messages as files, in every language.",
		},
	}
}
