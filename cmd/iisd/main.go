// Command iisd is an IIS-compatible web server for Linux.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// A command is one of the words that may follow iisd.
type command struct {
	name    string
	args    string // as the usage line shows them
	does    string // one line
	example string
	flags   func(*flag.FlagSet, *options)
	run     func(*options) error
}

// options are what a command was called with.
type options struct {
	metabase string
	args     []string // without flags
	json     bool
	live     bool
	site, as string // explain
	account  accountOptions

	stdin          io.Reader
	stdout, stderr io.Writer
}

func commands() []command {
	jsonFlag := func(f *flag.FlagSet, o *options) { f.BoolVar(&o.json, "json", false, "print JSON") }
	return []command{
		{"serve", "", "run every site until SIGINT or SIGTERM; SIGHUP and a changed file reload",
			"iisd serve --metabase /etc/iisd/metabase.toml", nil, serve},
		{"check", "", "read and validate the metabase and the account database",
			"iisd check --metabase /etc/iisd/metabase.toml",
			func(f *flag.FlagSet, o *options) {
				f.BoolVar(&o.live, "live", false, "look at the world too: directories that can be read, certificates and their dates")
			}, check},
		{"get", "PATH/PROPERTY", "print the effective value of a property",
			"iisd get W3SVC/1/ROOT/AuthFlags", jsonFlag, get},
		{"set", "PATH/PROPERTY VALUE...", "change a property",
			`iisd set W3SVC/1/ROOT/secure/AuthFlags "AuthBasic | AuthNTLM"`, nil, set},
		{"delete", "PATH[/PROPERTY]", "remove a property or a key with all below it",
			"iisd delete W3SVC/1/ROOT/secure/AuthFlags", nil, remove},
		{"enum", "PATH", "list the properties set at a key and the keys below it",
			"iisd enum W3SVC/1/ROOT", jsonFlag, enum},
		{"account", "add|set|remove|list [NAME]", "keep the local account database",
			`echo secret | iisd account add 'CORP\alice' --password-stdin`, accountFlags, account},
		{"explain", "METHOD URL", "say what a request would get, and why; nothing is sent",
			`iisd explain --as 'CORP\alice' GET http://localhost:8080/ntlm/`,
			func(f *flag.FlagSet, o *options) {
				jsonFlag(f, o)
				f.StringVar(&o.site, "site", "", "ask site `N`")
				f.StringVar(&o.as, "as", "", "ask as `ACCOUNT`, logged on")
			}, explain},
	}
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// A usageError is a call that is wrong in itself.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// run carries out one call of the program and returns its exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o := &options{stdin: stdin, stdout: stdout, stderr: stderr}
	err := dispatch(o, args)
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "iisd:", usage.text)
		return exitUsage
	case !errors.Is(err, errReported):
		fmt.Fprintln(stderr, "iisd:", oneLine(err))
	}
	return exitFailed
}

// errReported is a failure that has been described already.
var errReported = errors.New("failed")

// oneLine returns an error as the one line that a user reads.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// dispatch finds the command and its flags, which may stand before or after its
// arguments.
func dispatch(o *options, args []string) error {
	fs := flag.NewFlagSet("iisd", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.metabase, "metabase", "conf/metabase.toml", "metabase `FILE`")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		printHelp(o.stdout)
		return nil
	case err != nil:
		return usageError{err.Error() + "; see iisd --help"}
	case fs.NArg() == 0:
		return usageError{"say what to do: " + strings.Join(commandNames(), ", ") + "; see iisd --help"}
	case fs.Arg(0) == "help":
		printHelp(o.stdout)
		return nil
	}
	name, rest := fs.Arg(0), fs.Args()[1:]
	for _, c := range commands() {
		if c.name == name {
			return c.call(o, rest)
		}
	}
	return usageError{fmt.Sprintf("there is no command %q; there are %s", name, strings.Join(commandNames(), ", "))}
}

// call parses what follows the command's name and runs it.
func (c *command) call(o *options, args []string) error {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.metabase, "metabase", o.metabase, "metabase `FILE`")
	if c.flags != nil {
		c.flags(fs, o)
	}
	for {
		if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
			c.help(o.stdout, fs)
			return nil
		} else if err != nil {
			return usageError{fmt.Sprintf("%s: %v; see iisd %s --help", c.name, err, c.name)}
		}
		if fs.NArg() == 0 {
			return c.run(o)
		}
		o.args = append(o.args, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

func (c *command) help(w io.Writer, fs *flag.FlagSet) {
	fmt.Fprintf(w, "usage: iisd %s %s\n%s\n\nexample: %s\n\nflags:\n", c.name, strings.TrimSpace("[flags] "+c.args), c.does, c.example)
	fs.SetOutput(w)
	fs.PrintDefaults()
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "iisd is a web server that behaves as IIS 2.0 to 10.0 do.\n\nusage: iisd COMMAND [--metabase FILE] ...\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-8s %-27s %s\n", c.name, c.args, c.does)
	}
	fmt.Fprint(w, "\nexample: iisd serve --metabase conf/metabase.toml\niisd COMMAND --help shows the flags of a command.\n")
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

// want checks the number of a command's arguments.
func (o *options) want(least, most int, form string) error {
	if len(o.args) < least || most >= 0 && len(o.args) > most {
		return usageError{"usage: iisd " + form}
	}
	return nil
}
