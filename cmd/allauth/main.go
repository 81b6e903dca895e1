// Command allauth operates the library: it works on the database of the servers, beside
// them.
//
//	go install github.com/allauth-go/allauth/cmd/allauth@latest
//	allauth doctor -config server.json
//	allauth users list -database postgres://localhost/app
//
// docs/operations.md explains it. Without arguments it prints its commands.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends a command that waits for input
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// command is one of the commands.
type command struct {
	// name has one or two words, args the arguments after them. Arguments in brackets
	// can be left out.
	name, args string
	// about says what the command does, in one sentence. More follows in its help.
	about, more string
	// needs is what it needs to know of the servers.
	needs need
	// run runs it with its arguments.
	run func(ctx context.Context, c *call) error
	// flags declares flags of its own. It may be nil.
	flags func(c *call, f *flag.FlagSet)
}

// need says what a command needs to know of the servers.
type need int

const (
	// nothing needs no database.
	nothing need = iota
	// database needs the store.
	database
	// secrets also needs the secrets and the URL of the site, as it queues mails, or
	// reads or writes what is encrypted.
	secrets
)

// call is one call of a command.
type call struct {
	args   []string
	in     io.Reader
	out    io.Writer
	errors io.Writer
	json   bool
	options
	values flags
}

// flags are the values of flags that single commands have.
type flags struct {
	limit                        int
	disabled, enabled, verified  bool
	yes, dryRun, invite          bool
	id, username, display, phone string
	emails                       list
	templates, languages, site   string
	check                        bool
}

// list is a flag that can be repeated.
type list []string

// String implements flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *list) Set(text string) error {
	*l = append(*l, text)
	return nil
}

// errUsage means that the arguments are wrong. The usage was printed.
var errUsage = errors.New("usage")

// errFound means that doctor has found an error, which was printed.
var errFound = errors.New("found")

// Statuses with which the command exits.
const (
	statusFailed = 1
	statusUsage  = 2
)

// run runs a command and returns the status to exit with.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	name, rest := split(args)
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
	if i < 0 {
		return help(args, out, errs)
	}
	c := &call{in: in, out: out, errors: errs}
	err := c.parse(&commands[i], rest)
	if err == nil {
		err = c.open(ctx, &commands[i])
	}
	if err == nil {
		err = commands[i].run(ctx, c)
	}
	c.close()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errFound):
		return statusFailed
	case errors.Is(err, errUsage):
		return statusUsage
	}
	_, _ = fmt.Fprintln(errs, "allauth:", explain(err))
	return statusFailed
}

// split returns the name of the command that args begin with, and what follows it.
func split(args []string) (name string, rest []string) {
	for words := min(2, len(args)); words > 0; words-- {
		name := strings.Join(args[:words], " ")
		if slices.ContainsFunc(commands, func(c command) bool { return c.name == name }) {
			return name, args[words:]
		}
	}
	return "", args
}

// help prints the commands: all, or those that begin with the first argument.
func help(args []string, out, errs io.Writer) int {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return slices.Contains([]string{"help", "-h", "-help", "--help"}, a) })
	if name, _ := split(args); name != "" {
		return run(context.Background(), append(strings.Fields(name), "-help"), nil, out, errs)
	}
	group, status := "", 0
	if len(args) > 0 {
		out, status, group = errs, statusUsage, args[0]
		isGroup := slices.ContainsFunc(commands, func(c command) bool { return strings.HasPrefix(c.name, group+" ") })
		if !isGroup || len(args) > 1 {
			_, _ = fmt.Fprintf(errs, "allauth: there is no command %q\n", strings.Join(args[:min(2, len(args))], " "))
		}
		if !isGroup {
			group = ""
		}
	}
	_, _ = fmt.Fprint(out, "allauth operates the library on the database of the servers.\n\nCommands:\n")
	for _, c := range commands {
		if group == "" || strings.HasPrefix(c.name, group+" ") {
			_, _ = fmt.Fprintf(out, "  %-38s %s\n", strings.TrimSpace(c.name+" "+c.args), c.about)
		}
	}
	_, _ = fmt.Fprint(out, "\nallauth COMMAND -help explains a command and its flags.\n")
	return status
}

// parse parses the arguments of a command: flags may follow other arguments.
func (c *call) parse(command *command, args []string) error {
	set := flag.NewFlagSet(command.name, flag.ContinueOnError)
	set.SetOutput(c.errors)
	set.BoolVar(&c.json, "json", false, "print JSON, for scripts")
	if command.needs != nothing {
		c.declare(set)
	}
	if command.flags != nil {
		command.flags(c, set)
	}
	set.Usage = func() {
		_, _ = fmt.Fprintf(set.Output(), "Usage: %s\n\n%s\n", strings.TrimSpace("allauth "+command.name+" [flags] "+command.args), command.about)
		if command.more != "" {
			_, _ = fmt.Fprintf(set.Output(), "\n%s\n", command.more)
		}
		_, _ = fmt.Fprint(set.Output(), "\nFlags:\n")
		set.PrintDefaults()
	}
	for len(args) > 0 {
		if slices.Contains([]string{"-h", "-help", "--help"}, args[0]) {
			set.SetOutput(c.out)
		}
		if err := set.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return err
			}
			return errUsage // the package has printed it
		}
		if args = set.Args(); len(args) > 0 {
			c.args, args = append(c.args, args[0]), args[1:]
		}
	}
	least, most := 0, 0
	for _, arg := range strings.Fields(command.args) {
		if most++; !strings.HasPrefix(arg, "[") {
			least++
		}
	}
	if len(c.args) < least || len(c.args) > most {
		_, _ = fmt.Fprintf(c.errors, "allauth: %s has %d arguments, not %d\n\n", command.name, most, len(c.args))
		set.Usage()
		return errUsage
	}
	return nil
}

// arg returns an argument, empty if it was left out.
func (c *call) arg(i int) string {
	if i < len(c.args) {
		return c.args[i]
	}
	return ""
}
