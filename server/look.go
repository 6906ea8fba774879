package server

import (
	"crypto/tls"
	"fmt"
	"os"
	"time"

	"iisd/metabase"
)

// Look compares a metabase with the world it is to be served in: directories
// that cannot be read, certificates that do not load or have run out.
func Look(tree *metabase.Tree) []metabase.Problem {
	var problems []metabase.Problem
	add := func(n *metabase.Node, property, format string, args ...any) {
		problems = append(problems, metabase.Problem{
			File: tree.File(), Line: n.Line(property), Key: n.Key, Property: property, Text: fmt.Sprintf(format, args...),
		})
	}
	var walk func(n *metabase.Node)
	walk = func(n *metabase.Node) {
		if n.VDir == n && n.Path != "" {
			if _, err := os.ReadDir(n.Path); err != nil {
				add(n, "Path", "%v: make the directory readable or change Path; until then requests below get 404", err)
			}
		}
		for _, c := range n.Children() {
			walk(c)
		}
	}
	for _, site := range tree.Sites() {
		walk(site.Root)
		n := site.Node
		if len(n.SecureBindings) > 0 {
			key := n.SecureKey
			if key == "" {
				key = n.SecureCertificate
			}
			cert, err := tls.LoadX509KeyPair(n.SecureCertificate, key)
			switch {
			case err != nil:
				add(n, "SecureCertificate", "%v", err)
			case time.Now().After(cert.Leaf.NotAfter):
				add(n, "SecureCertificate", "the certificate ran out on %s", cert.Leaf.NotAfter.Format(time.DateOnly))
			case time.Now().Before(cert.Leaf.NotBefore):
				add(n, "SecureCertificate", "the certificate is not valid before %s", cert.Leaf.NotBefore.Format(time.DateOnly))
			}
		}
	}
	return problems
}
