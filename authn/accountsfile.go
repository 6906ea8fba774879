package authn

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"

	"github.com/BurntSushi/toml"
)

// LoadAccounts reads the account database of a machine. The errors name file,
// line, account and key: "FILE:LINE: Account NAME: Key: what is wrong"; warnings
// name the file or have the same form. With errors the database is nil. Without
// a file, "", only IUSR_<computerName> exists.
func LoadAccounts(file, computerName string) (db *Accounts, errs []error, warnings []string) {
	if file == "" {
		return newAccounts(computerName, nil), nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, []error{fileError(file, err)}, nil
	}
	list, errs, warnings := parseAccounts(file, string(text), computerName)
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
		warnings = append(warnings, fmt.Sprintf("%s: mode %04o lets others than the owner at the hashes; run chmod 600 %s",
			file, info.Mode().Perm(), file))
	}
	if len(errs) > 0 {
		return nil, errs, warnings
	}
	return newAccounts(computerName, list), nil, warnings
}

// fileError names the file once.
func fileError(file string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("%s: %w", file, err)
}

// parseAccounts parses and validates the text of an account database.
func parseAccounts(file, text, computer string) (list []Account, errs []error, warnings []string) {
	var doc map[string]any
	if _, err := toml.Decode(text, &doc); err != nil {
		return nil, []error{syntaxError(file, err)}, nil
	}
	index := indexAccounts(text)
	at := func(i int, key string) int { return index.line(i, key) }

	for _, key := range sortedKeys(doc) {
		if !strings.EqualFold(key, "Account") {
			errs = append(errs, fmt.Errorf("%s:%d: %s: is not known here; accounts are tables [[Account]]", file, index.top(key), key))
		}
	}
	tables, ok := accountTables(doc)
	if !ok {
		return nil, append(errs, fmt.Errorf("%s:1: Account: must be tables [[Account]]", file)), nil
	}
	seen := make(map[string]int)
	for i, table := range tables {
		var a Account
		before := len(errs)
		for _, problem := range a.fill(table) {
			errs = append(errs, fmt.Errorf("%s:%d: Account %s: %s: %s", file, at(i, problem.key), nameOf(&a), problem.key, problem.text))
		}
		if len(errs) > before {
			continue
		}
		domain, name := splitAccount(a.Name)
		if domain == "" || domain == "." {
			domain = computer
		}
		key := strings.ToUpper(domain + `\` + name)
		if first, twice := seen[key]; twice {
			errs = append(errs, fmt.Errorf("%s:%d: Account %s: Name: is listed before, at line %d; names compare without regard to case",
				file, at(i, "Name"), a.Name, at(first, "Name")))
			continue
		}
		seen[key] = i
		if !a.hasSecret() && !strings.EqualFold(name, "IUSR_"+computer) && !strings.EqualFold(name, "IUSR") {
			warnings = append(warnings, fmt.Sprintf("%s:%d: Account %s: Password: is missing, and NTHash too: nobody can log on with this account",
				file, at(i, ""), a.Name))
		}
		list = append(list, a)
	}
	return list, errs, warnings
}

func (a *Account) hasSecret() bool { return a.HasPassword || a.NTHash != "" || len(a.DigestHA1) > 0 }

func nameOf(a *Account) string {
	if a.Name == "" {
		return "(unnamed)"
	}
	return legible(a.Name)
}

// syntaxError gives an error of the TOML parser the form of all others.
func syntaxError(file string, err error) error {
	var p toml.ParseError
	if !errors.As(err, &p) {
		return fmt.Errorf("%s:1: %w", file, err)
	}
	what := p.Message
	if what == "" {
		what = strings.TrimPrefix(err.Error(), "toml: ")
	}
	return fmt.Errorf("%s:%d: is not TOML: %s", file, p.Position.Line, what)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// accountTables returns the tables [[Account]] of a document.
func accountTables(doc map[string]any) ([]map[string]any, bool) {
	for key, v := range doc {
		if strings.EqualFold(key, "Account") {
			return tablesOf(v)
		}
	}
	return nil, true
}

// tablesOf returns the tables of an array of tables, which may also stand in
// brackets.
func tablesOf(v any) ([]map[string]any, bool) {
	if tables, ok := v.([]map[string]any); ok {
		return tables, true
	}
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	tables := make([]map[string]any, len(list))
	for i, v := range list {
		if tables[i], ok = v.(map[string]any); !ok {
			return nil, false
		}
	}
	return tables, true
}

// A problem is what is wrong with one key.
type problem struct{ key, text string }

// accountKeys are the keys of an account, in the order in which they are
// written. take stores a value and says what is wrong with it; give returns the
// value as TOML, "" for a key that is to be left out.
var accountKeys = []struct {
	name string
	take func(a *Account, v any) string
	give func(a *Account) string
}{
	{"Name", takeName, func(a *Account) string { return tomlString(a.Name) }},
	{"Password",
		func(a *Account, v any) string { a.HasPassword = true; return takeString(&a.Password, v) },
		func(a *Account) string {
			if !a.HasPassword {
				return ""
			}
			return tomlString(a.Password)
		}},
	{"NTHash",
		func(a *Account, v any) string { return takeHex(&a.NTHash, v, 16) },
		func(a *Account) string { return orNothing(a.NTHash) }},
	{"LMHash",
		func(a *Account, v any) string { return takeHex(&a.LMHash, v, 16) },
		func(a *Account) string { return orNothing(a.LMHash) }},
	{"DigestHA1", takeDigest, giveDigest},
	{"Groups",
		func(a *Account, v any) string { return takeStrings(&a.Groups, v) },
		func(a *Account) string { return tomlStrings(a.Groups, len(a.Groups) > 0) }},
	{"Disabled",
		func(a *Account, v any) string { return takeBool(&a.Disabled, v) },
		func(a *Account) string { return tomlTrue(a.Disabled) }},
	{"LockedOut",
		func(a *Account, v any) string { return takeBool(&a.LockedOut, v) },
		func(a *Account) string { return tomlTrue(a.LockedOut) }},
	{"AccountExpires", takeExpires,
		func(a *Account) string {
			if a.AccountExpires.IsZero() {
				return ""
			}
			return a.AccountExpires.Format(time.RFC3339)
		}},
	{"PasswordExpired",
		func(a *Account, v any) string { return takeBool(&a.PasswordExpired, v) },
		func(a *Account) string { return tomlTrue(a.PasswordExpired) }},
	{"MustChangePassword",
		func(a *Account, v any) string { return takeBool(&a.MustChangePassword, v) },
		func(a *Account) string { return tomlTrue(a.MustChangePassword) }},
	{"LogonHours", takeHours, func(a *Account) string { return orNothing(a.LogonHours) }},
	{"Workstations",
		func(a *Account, v any) string { return takeStrings(&a.Workstations, v) },
		func(a *Account) string { return tomlStrings(a.Workstations, a.Workstations != nil) }},
	{"ReversibleEncryption",
		func(a *Account, v any) string { return takeBool(&a.ReversibleEncryption, v) },
		func(a *Account) string { return tomlTrue(a.ReversibleEncryption) }},
	{"Guest",
		func(a *Account, v any) string { return takeBool(&a.Guest, v) },
		func(a *Account) string { return tomlTrue(a.Guest) }},
	{"UnixUser",
		func(a *Account, v any) string { return takeString(&a.UnixUser, v) },
		func(a *Account) string { return orNothing(a.UnixUser) }},
	{"Rights", takeRights,
		func(a *Account) string { return tomlStrings(a.Rights, a.Rights != nil) }},
}

// fill sets the account from a table and returns what is wrong with it, in the
// order of accountKeys, unknown keys last.
func (a *Account) fill(table map[string]any) []problem {
	var problems []problem
	known := make(map[string]bool)
	for _, k := range accountKeys {
		for _, key := range sortedKeys(table) {
			if !strings.EqualFold(key, k.name) {
				continue
			}
			if known[key] = true; countFold(table, key) > 1 {
				problems = append(problems, problem{key, "is given twice; keys compare without regard to case"})
				continue
			}
			if text := k.take(a, table[key]); text != "" {
				problems = append(problems, problem{k.name, text})
			}
		}
	}
	if a.Name == "" && len(problems) == 0 {
		problems = append(problems, problem{"Name", `is missing; write Name = 'alice' or Name = 'CORP\alice'`})
	}
	for _, key := range sortedKeys(table) {
		if !known[key] {
			problems = append(problems, problem{key, "is not a key of an account; there are " + keyNames()})
		}
	}
	return problems
}

func countFold(table map[string]any, key string) int {
	n := 0
	for k := range table {
		if strings.EqualFold(k, key) {
			n++
		}
	}
	return n
}

func keyNames() string {
	names := make([]string, len(accountKeys))
	for i, k := range accountKeys {
		names[i] = k.name
	}
	return strings.Join(names, ", ")
}

// badInName are the characters Windows allows in no account name, but for the
// backslash, which ends the domain.
const badInName = `"/:;|=,+*?<>@[]`

func takeName(a *Account, v any) string {
	s, ok := v.(string)
	if !ok {
		return "must be a string"
	}
	a.Name = s
	domain, name, found := strings.Cut(s, `\`)
	if !found {
		name = s
	}
	switch {
	case name == "" || found && domain == "":
		return `must be a name or DOMAIN\name`
	case strings.Contains(name, "@"):
		return `must be written DOMAIN\name, not name@domain`
	case strings.ContainsAny(name, badInName) || strings.Contains(name, `\`):
		return "must not contain any of " + badInName + ` or a second \`
	case strings.ContainsFunc(s, unicode.IsControl):
		return "must not contain control characters"
	case len(s) > 512:
		return "must not be longer than 512 bytes"
	}
	return ""
}

func takeString(p *string, v any) string {
	s, ok := v.(string)
	if !ok {
		return "must be a string"
	}
	*p = s
	return ""
}

func takeBool(p *bool, v any) string {
	b, ok := v.(bool)
	if !ok {
		return "must be true or false"
	}
	*p = b
	return ""
}

func takeStrings(p *[]string, v any) string {
	list, ok := v.([]any)
	if !ok {
		return `must be an array of strings, such as ["one", "two"]`
	}
	*p = make([]string, len(list))
	for i, v := range list {
		if (*p)[i], ok = v.(string); !ok {
			return `must be an array of strings, such as ["one", "two"]`
		}
	}
	return ""
}

// takeHex takes a hash of n bytes.
func takeHex(p *string, v any, n int) string {
	s, ok := v.(string)
	if b, err := hex.DecodeString(s); !ok || err != nil || len(b) != n {
		return fmt.Sprintf("must be %d hex digits", 2*n)
	}
	*p = s
	return ""
}

func takeExpires(a *Account, v any) string {
	t, ok := v.(time.Time)
	if !ok {
		return "must be a date, such as 2027-12-31, or a date and time, such as 2027-12-31T18:00:00Z, without quotes"
	}
	a.AccountExpires = t
	return ""
}

func takeHours(a *Account, v any) string {
	s, ok := v.(string)
	if !ok {
		return "must be a string"
	}
	if _, err := ParseLogonHours(s); err != nil {
		return err.Error()
	}
	a.LogonHours = s
	return ""
}

func takeRights(a *Account, v any) string {
	if text := takeStrings(&a.Rights, v); text != "" {
		return text
	}
	for i, right := range a.Rights {
		k := slices.IndexFunc(logonKinds[:], func(k logonKind) bool { return strings.EqualFold(k.right, right) })
		if k < 0 {
			return fmt.Sprintf("%q is not a right; there are SeInteractiveLogonRight, SeNetworkLogonRight and SeBatchLogonRight", right)
		}
		a.Rights[i] = logonKinds[k].right
	}
	return ""
}

const digestForm = `must be of the form { "realm" = { MD5 = "32 hex digits", SHA256 = "64 hex digits" } }`

func takeDigest(a *Account, v any) string {
	realms, ok := v.(map[string]any)
	if !ok {
		return digestForm
	}
	a.DigestHA1 = make(map[string]DigestHash)
	for realm, v := range realms {
		hashes, ok := v.(map[string]any)
		if !ok {
			return digestForm
		}
		var h DigestHash
		for alg, v := range hashes {
			text := digestForm
			switch {
			case strings.EqualFold(alg, "MD5"):
				text = takeHex(&h.MD5, v, 16)
			case strings.EqualFold(alg, "SHA256"):
				text = takeHex(&h.SHA256, v, 32)
			}
			if text != "" {
				return digestForm
			}
		}
		a.DigestHA1[realm] = h
	}
	return ""
}

func giveDigest(a *Account) string {
	if len(a.DigestHA1) == 0 {
		return ""
	}
	realms := make([]string, 0, len(a.DigestHA1))
	for realm := range a.DigestHA1 {
		realms = append(realms, realm)
	}
	sort.Strings(realms)
	for i, realm := range realms {
		var parts []string
		if h := a.DigestHA1[realm]; h.MD5 != "" {
			parts = append(parts, "MD5 = "+tomlString(h.MD5))
		}
		if h := a.DigestHA1[realm]; h.SHA256 != "" {
			parts = append(parts, "SHA256 = "+tomlString(h.SHA256))
		}
		realms[i] = tomlBasicString(realm) + " = { " + strings.Join(parts, ", ") + " }"
	}
	return "{ " + strings.Join(realms, ", ") + " }"
}

func orNothing(s string) string {
	if s == "" {
		return ""
	}
	return tomlString(s)
}

func tomlTrue(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func tomlStrings(list []string, given bool) string {
	if !given {
		return ""
	}
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = tomlString(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// tomlString writes a string literally where it has backslashes, as names do,
// and quoted otherwise.
func tomlString(s string) string {
	if strings.Contains(s, `\`) && !strings.Contains(s, "'") && !strings.ContainsFunc(s, unicode.IsControl) {
		return "'" + s + "'"
	}
	return tomlBasicString(s)
}

func tomlBasicString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsControl(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
