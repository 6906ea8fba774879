package metabase

import "strings"

// versions are the values of EmulatedVersion, oldest first.
var versions = []string{"2.0", "3.0", "4.0 SP6", "4.0", "5.0", "5.1", "6.0", "7.0", "7.5", "8.0", "8.5", "10.0"}

// age returns the place of a version among versions; younger is greater.
func age(version string) int {
	for i, v := range versions {
		if v == version {
			return i
		}
	}
	return len(versions) - 1
}

// defaultOf returns the default that a registered one, "A; 6.0: B", is for a
// version.
func defaultOf(def, version string) string {
	text, rest, more := strings.Cut(def, "; ")
	for more {
		var part string
		part, rest, more = strings.Cut(rest, "; ")
		since, value, _ := strings.Cut(part, ": ")
		if age(version) >= age(since) {
			text = value
		}
	}
	return text
}

// latest returns the default of the youngest version.
func latest(def string) string { return defaultOf(def, versions[len(versions)-1]) }
