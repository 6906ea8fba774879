package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"iisd/metabase"
	"iisd/server"
)

// explain says what a request would get, and why.
func explain(o *options) error {
	if err := o.want(2, 2, "explain [--site N] [--as ACCOUNT] METHOD URL"); err != nil {
		return err
	}
	store, problems := metabase.Open(o.metabase)
	if store == nil {
		return firstError(problems)
	}
	s := &server.Server{Metabase: store}
	e, err := s.Explain(&server.Question{Site: o.site, As: o.as, Method: strings.ToUpper(o.args[0]), URL: o.args[1]})
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(o.stdout, e)
	}
	fmt.Fprintln(o.stdout, "node:", e.Node)
	if e.File != "" {
		fmt.Fprintln(o.stdout, "file:", e.File)
	}
	offers := strings.Join(e.Offers, ", ")
	if offers == "" {
		offers = "nothing"
	}
	fmt.Fprintln(o.stdout, "offers:", offers)
	fmt.Fprintln(o.stdout, "status:", e.Status)
	fmt.Fprintln(o.stdout, "because:", e.Because)
	for _, f := range e.From {
		from := f.Key
		if from == "" {
			from = "the default"
		}
		fmt.Fprintf(o.stdout, "%s: from %s\n", f.Property, from)
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
