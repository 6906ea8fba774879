package authn

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"iisd/authn/ntlm"
)

// TestLoadMessages has what `iisd check` says, literally.
func TestLoadMessages(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string // errors, then warnings
	}{
		{"empty", "", nil},
		{"everything", `
[[Account]]
Name = 'CORP\alice'
NTHash = "a4f49c406510bdcab6824ee7c30fd852"
LMHash = "e52cac67419a9a224a3b108f3fa6cb6d"
DigestHA1 = { "Payroll" = { MD5 = "00112233445566778899aabbccddeeff" } }
Groups = ['CORP\staff']
Disabled = false
LockedOut = false
AccountExpires = 2027-12-31
PasswordExpired = false
MustChangePassword = false
LogonHours = "Mon-Fri 08:00-18:00"
Workstations = ["PC1"]
ReversibleEncryption = false
UnixUser = "alice"
Rights = ["SeInteractiveLogonRight", "SeNetworkLogonRight", "SeBatchLogonRight"]
`, nil},
		{"not TOML", "[[Account]]\nName = alice\n", []string{
			`accounts.toml:2: is not TOML: expected value but found "alice" instead`}},
		{"no name", "# list\n[[Account]]\nPassword = \"x\"\n", []string{
			`accounts.toml:2: Account (unnamed): Name: is missing; write Name = 'alice' or Name = 'CORP\alice'`}},
		{"unknown key", "[[Account]]\nName = \"bob\"\n\nPasword = \"x\"\n", []string{
			`accounts.toml:4: Account bob: Pasword: is not a key of an account; there are Name, Password, NTHash, LMHash, DigestHA1, Groups, ` +
				`Disabled, LockedOut, AccountExpires, PasswordExpired, MustChangePassword, LogonHours, Workstations, ReversibleEncryption, Guest, UnixUser, Rights`}},
		{"unknown table", "[Accounts]\nName = \"bob\"\n", []string{
			`accounts.toml:1: Accounts: is not known here; accounts are tables [[Account]]`}},
		{"no array", "[Account]\nName = \"bob\"\n", []string{
			`accounts.toml:1: Account: must be tables [[Account]]`}},
		{"twice", "[[Account]]\nName = \"bob\"\nPassword=\"x\"\n[[Account]]\nPassword=\"x\"\nName = 'web1\\BOB'\n", []string{
			`accounts.toml:6: Account web1\BOB: Name: is listed before, at line 2; names compare without regard to case`}},
		{"key twice", "[[Account]]\nName = \"bob\"\nPassword=\"x\"\npassword=\"y\"\n", []string{
			`accounts.toml:3: Account bob: Password: is given twice; keys compare without regard to case`,
			`accounts.toml:3: Account bob: password: is given twice; keys compare without regard to case`}},
		{"UPN", "[[Account]]\nName = \"bob@corp.test\"\nPassword=\"x\"\n", []string{
			`accounts.toml:2: Account bob@corp.test: Name: must be written DOMAIN\name, not name@domain`}},
		{"half a name", "[[Account]]\nName = 'CORP\\'\nPassword=\"x\"\n", []string{
			`accounts.toml:2: Account CORP\: Name: must be a name or DOMAIN\name`}},
		{"types", `[[Account]]
Name = "bob"
Password = 1
NTHash = "12"
Groups = "staff"
Disabled = "yes"
AccountExpires = "2027-12-31"
LogonHours = "Mo-Fr 8-18"
Rights = ["SeNetworkLogonRight", "SeShutdownPrivilege"]
DigestHA1 = { "r" = { MD5 = "12" } }
`, []string{
			`accounts.toml:3: Account bob: Password: must be a string`,
			`accounts.toml:4: Account bob: NTHash: must be 32 hex digits`,
			`accounts.toml:10: Account bob: DigestHA1: must be of the form { "realm" = { MD5 = "32 hex digits", SHA256 = "64 hex digits" } }`,
			`accounts.toml:5: Account bob: Groups: must be an array of strings, such as ["one", "two"]`,
			`accounts.toml:6: Account bob: Disabled: must be true or false`,
			`accounts.toml:7: Account bob: AccountExpires: must be a date, such as 2027-12-31, or a date and time, such as 2027-12-31T18:00:00Z, without quotes`,
			`accounts.toml:8: Account bob: LogonHours: "Mo-Fr" is not a day or two, such as Mon-Fri`,
			`accounts.toml:9: Account bob: Rights: "SeShutdownPrivilege" is not a right; there are SeInteractiveLogonRight, SeNetworkLogonRight and SeBatchLogonRight`}},
		{"no secret", "\n[[Account]]\nName = \"bob\"\n[[Account]]\nName = \"IUSR_WEB1\"\n", []string{
			`accounts.toml:2: Account bob: Password: is missing, and NTHash too: nobody can log on with this account`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, errs, warnings := parseAccounts("accounts.toml", tt.text, "WEB1")
			var got []string
			for _, err := range errs {
				got = append(got, err.Error())
			}
			got = append(got, warnings...)
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestLoadMode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "accounts.toml")
	if _, errs, _ := LoadAccounts(file, "WEB1"); len(errs) != 1 || errs[0].Error() != file+": no such file or directory" {
		t.Errorf("%v", errs)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode][]string{
		0o600: nil, 0o400: nil,
		0o644: {file + ": mode 0644 lets others than the owner at the hashes; run chmod 600 " + file},
		0o640: {file + ": mode 0640 lets others than the owner at the hashes; run chmod 600 " + file},
	} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if db, errs, warnings := LoadAccounts(file, "WEB1"); db == nil || errs != nil || !reflect.DeepEqual(warnings, want) {
			t.Errorf("%o: %v %v", mode, errs, warnings)
		}
	}
	if db, errs, warnings := LoadAccounts("", "WEB1"); db == nil || errs != nil || warnings != nil || !db.has("web1", "iusr_WEB1") {
		t.Errorf("%v %v", errs, warnings)
	}
}

func TestSetPassword(t *testing.T) {
	a := Account{Name: `CORP\Mufasa`}
	// RFC 2617 3.5 and RFC 7616 3.9.1 have the user, realms and passwords.
	if err := a.SetPassword("Circle Of Life", []string{"testrealm@host.com"}, false); err != nil {
		t.Fatal(err)
	}
	if a.DigestHA1["testrealm@host.com"].MD5 != "939e7578ed9e3c518a452acee763bce9" || a.HasPassword || a.LMHash != "" {
		t.Errorf("%+v", a)
	}
	if err := a.SetPassword("Circle of Life", []string{"http-auth@example.org"}, false); err != nil {
		t.Fatal(err)
	}
	want := DigestHash{MD5: "3d78807defe7de2157e2b0b6573a855f", SHA256: "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"}
	if len(a.DigestHA1) != 1 || a.DigestHA1["http-auth@example.org"] != want {
		t.Errorf("%+v", a.DigestHA1)
	}
	// MS-NLMP 4.2.2.1.1 and 4.2.2.1.2
	if err := a.SetPassword("Password", nil, true); err != nil {
		t.Fatal(err)
	}
	if a.NTHash != "a4f49c406510bdcab6824ee7c30fd852" || a.LMHash != "e52cac67419a9a224a3b108f3fa6cb6d" || a.DigestHA1 != nil {
		t.Errorf("%+v", a)
	}
	if err := a.SetPassword("more than fourteen characters", nil, true); err == nil {
		t.Error("an LM hash of a long password")
	}
	a.ReversibleEncryption = true
	if err := a.SetPassword("Password", nil, false); err != nil || a.Password != "Password" || !a.HasPassword {
		t.Errorf("%+v, %v", a, err)
	}
}

const edited = `# Accounts of the intranet.
# Ask Carol before you change them.

# Alice works in Payroll.
[[Account]]
Name     = 'CORP\alice'   # since 2019
NTHash   = "a4f49c406510bdcab6824ee7c30fd852"  # "old" password
# her groups
Groups   = [
    'CORP\staff', # all
    'CORP\payroll',
]

[[Account]]   # Bob is "[[Account]]" too
Name = "bob"
Password = """
multi
line # no comment"""
  Disabled = true  # on leave
[Account.DigestHA1."My Realm"]
MD5 = "00112233445566778899aabbccddeeff"

# Carol
[[Account]]
Name = "carol"
NTHash = "a4f49c406510bdcab6824ee7c30fd852"
# the end
`

func TestEdit(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(file string) error
		want func(string) string
	}{
		{"nothing", func(file string) error {
			return SetAccount(file, "WEB1", "bob", func(*Account) error { return nil })
		}, func(s string) string { return s }},
		{"value, comment stays", func(file string) error {
			return SetAccount(file, "WEB1", "corp\\ALICE", func(a *Account) error { return a.SetPassword("", nil, false) })
		}, replace(`NTHash   = "a4f49c406510bdcab6824ee7c30fd852"  # "old" password`,
			`NTHash = "31d6cfe0d16ae931b73c59d7e0c089c0"  # "old" password`)},
		{"several lines", func(file string) error {
			return SetAccount(file, "WEB1", `CORP\alice`, func(a *Account) error { a.Groups = a.Groups[:1]; return nil })
		}, replace("Groups   = [\n    'CORP\\staff', # all\n    'CORP\\payroll',\n]\n", "Groups = ['CORP\\staff']\n")},
		{"new key", func(file string) error {
			return SetAccount(file, "WEB1", `CORP\alice`, func(a *Account) error { a.Disabled, a.UnixUser = true, "alice"; return nil })
		}, replace("    'CORP\\payroll',\n]\n", "    'CORP\\payroll',\n]\nDisabled = true\nUnixUser = \"alice\"\n")},
		{"key removed", func(file string) error {
			return SetAccount(file, "WEB1", "bob", func(a *Account) error { a.Disabled = false; return nil })
		}, replace("  Disabled = true  # on leave\n", "")},
		{"table within becomes a key", func(file string) error {
			return SetAccount(file, "WEB1", `.\BOB`, func(a *Account) error {
				a.DigestHA1["New"] = DigestHash{MD5: "ffeeddccbbaa99887766554433221100"}
				return nil
			})
		}, replace("on leave\n[Account.DigestHA1.\"My Realm\"]\nMD5 = \"00112233445566778899aabbccddeeff\"\n",
			"on leave\nDigestHA1 = { \"My Realm\" = { MD5 = \"00112233445566778899aabbccddeeff\" }, \"New\" = { MD5 = \"ffeeddccbbaa99887766554433221100\" } }\n")},
		{"several lines of text", func(file string) error {
			return SetAccount(file, "WEB1", "bob", func(a *Account) error { a.Password = "new"; return nil })
		}, replace("Password = \"\"\"\nmulti\nline # no comment\"\"\"\n", "Password = \"new\"\n")},
		{"add", func(file string) error {
			return AddAccount(file, "WEB1", &Account{Name: `CORP\dave`, NTHash: "a4f49c406510bdcab6824ee7c30fd852",
				Groups: []string{`CORP\staff`, "it's \"x\""}, Rights: []string{}, AccountExpires: time.Date(2027, 12, 31, 0, 0, 0, 0, time.UTC)})
		}, func(s string) string {
			return s + "\n[[Account]]\nName = 'CORP\\dave'\nNTHash = \"a4f49c406510bdcab6824ee7c30fd852\"\n" +
				"Groups = ['CORP\\staff', \"it's \\\"x\\\"\"]\nAccountExpires = 2027-12-31T00:00:00Z\nRights = []\n"
		}},
		{"remove with its comment", func(file string) error { return RemoveAccount(file, "WEB1", `CORP\alice`) },
			func(s string) string {
				return s[:strings.Index(s, "# Alice works")] + s[strings.Index(s, "[[Account]]   # Bob"):]
			}},
		{"remove with its table", func(file string) error { return RemoveAccount(file, "WEB1", "bob") },
			func(s string) string {
				return s[:strings.Index(s, "[[Account]]   # Bob")] + s[strings.Index(s, "# Carol"):]
			}},
		{"remove the last", func(file string) error { return RemoveAccount(file, "WEB1", `WEB1\Carol`) },
			func(s string) string { return s[:strings.Index(s, "# Carol")] + "# the end\n" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				text := strings.ReplaceAll(edited, "\n", newline)
				file := filepath.Join(t.TempDir(), "accounts.toml")
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				if err := tt.edit(file); err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				got, want := strings.ReplaceAll(string(b), "\r\n", "\n"), tt.want(edited)
				if got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
					t.Errorf("mode %o", info.Mode())
				}
				if entries, _ := os.ReadDir(filepath.Dir(file)); len(entries) != 1 {
					t.Errorf("left behind: %v", entries)
				}
			}
		})
	}
}

func replace(from, to string) func(string) string {
	return func(s string) string {
		if strings.Count(s, from) != 1 {
			panic("test: " + from)
		}
		return strings.Replace(s, from, to, 1)
	}
}

func TestEditRefused(t *testing.T) {
	dir := t.TempDir()
	file, inline, broken := filepath.Join(dir, "a.toml"), filepath.Join(dir, "b.toml"), filepath.Join(dir, "c.toml")
	for name, text := range map[string]string{file: edited, inline: "Account = [ { Name = \"bob\" } ]\n", broken: "[[Account]]\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep := func(*Account) error { return nil }
	for _, tt := range []struct {
		err  error
		want string
	}{
		{AddAccount(file, "WEB1", &Account{Name: `WEB1\BOB`}), file + `: Account WEB1\BOB: exists already; change it with iisd account set`},
		{SetAccount(file, "WEB1", "dave", keep), file + ": Account dave: does not exist; iisd account list shows those that do"},
		{RemoveAccount(file, "WEB1", "dave"), file + ": Account dave: does not exist; iisd account list shows those that do"},
		{RemoveAccount(inline, "WEB1", "bob"), inline + ": Account bob: is not in a table [[Account]] of its own; edit the file by hand"},
		{AddAccount(broken, "WEB1", &Account{Name: "bob"}),
			broken + `:1: Account (unnamed): Name: is missing; write Name = 'alice' or Name = 'CORP\alice'`},
		{SetAccount(file, "WEB1", "bob", func(a *Account) error { a.LogonHours = "never"; return nil }),
			file + `: Account bob: LogonHours: is not of the form "Mon-Fri 08:00-18:00, Sat 09:00-12:00" or 42 hex digits`},
	} {
		if tt.err == nil || tt.err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", tt.err, tt.want)
		}
	}
	if b, _ := os.ReadFile(file); string(b) != edited {
		t.Error("a refused edit has changed the file")
	}
}

// Editors at the same time lose nothing, and what they write is read back.
func TestEditConcurrently(t *testing.T) {
	file := filepath.Join(t.TempDir(), "accounts.toml")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			a := Account{Name: fmt.Sprintf("user%d", i)}
			if err := a.SetPassword("secret", []string{"Digest"}, false); err != nil {
				t.Error(err)
			}
			if err := AddAccount(file, "WEB1", &a); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := ListAccounts(file)
	if err != nil || len(list) != 20 {
		t.Fatalf("%d accounts, %v", len(list), err)
	}
	db, errs, warnings := LoadAccounts(file, "WEB1")
	if errs != nil || warnings != nil {
		t.Fatal(errs, warnings)
	}
	for i := range 20 {
		if e := db.find("web1", fmt.Sprintf("USER%d", i)); e == nil || e.hashes.NT != ntlm.NTOWFv1("secret") {
			t.Errorf("user%d: %+v", i, e)
		}
	}
}

func TestLogonHours(t *testing.T) {
	local := func(s string) time.Time {
		at, err := time.ParseInLocation("Mon 2006-01-02 15:04", s, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct {
		hours string
		at    string
		want  bool
	}{
		{"Mon-Fri 08:00-18:00, Sat 09:00-12:00", "Fri 2026-11-20 08:00", true},
		{"Mon-Fri 08:00-18:00, Sat 09:00-12:00", "Fri 2026-11-20 07:59", false},
		{"Mon-Fri 08:00-18:00, Sat 09:00-12:00", "Fri 2026-11-20 18:00", false},
		{"Mon-Fri 08:00-18:00, Sat 09:00-12:00", "Sat 2026-11-21 11:59", true},
		{"Mon-Fri 08:00-18:00, Sat 09:00-12:00", "Sun 2026-11-22 10:00", false},
		{"fri-mon 0:00-24:00", "Sun 2026-11-22 23:59", true},
		{"fri-mon 0:00-24:00", "Tue 2026-11-24 10:00", false},
		{"Sunday 10:30-10:31", "Sun 2026-11-22 10:30", true},
	} {
		h, err := ParseLogonHours(tt.hours)
		if err != nil || h.Allow(local(tt.at)) != tt.want {
			t.Errorf("%s at %s: %v, %v", tt.hours, tt.at, !tt.want, err)
		}
	}
	// Bit 0 is Sunday 0:00 to 1:00 UTC; byte 3 begins on Monday.
	h, err := ParseLogonHours("010000" + "020000" + strings.Repeat("00", 14) + "80")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]bool{
		time.Date(2026, 11, 22, 0, 30, 0, 0, time.UTC):  true,
		time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC):   false,
		time.Date(2026, 11, 23, 1, 59, 0, 0, time.UTC):  true,
		time.Date(2026, 11, 23, 0, 59, 0, 0, time.UTC):  false,
		time.Date(2026, 11, 21, 23, 59, 0, 0, time.UTC): true, // Saturday
	} {
		if h.Allow(at) != want {
			t.Errorf("%v: %v", at, !want)
		}
	}
	for _, s := range []string{"Mon", "Mon 8", "Mon 18:00-08:00", "Mon 08:00-25:00", "Mon 08:00-08:60", "Mon-Foo 08:00-09:00", "Mon 8:00-9:00,", "0000"} {
		if _, err := ParseLogonHours(s); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}
