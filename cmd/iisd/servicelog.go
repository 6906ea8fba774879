package main

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A serviceLog writes records as lines of "time level message key=value...".
type serviceLog struct {
	mu    *sync.Mutex
	w     io.Writer
	attrs []slog.Attr
}

func newServiceLog(w io.Writer) *serviceLog { return &serviceLog{mu: new(sync.Mutex), w: w} }

// Enabled lets through everything but debugging.
func (l *serviceLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

// Handle writes one line. Whatever a value holds, it stays one line.
func (l *serviceLog) Handle(_ context.Context, r slog.Record) error {
	b := r.Time.UTC().AppendFormat(nil, time.RFC3339)
	b = append(b, ' ')
	b = append(b, r.Level.String()...)
	b = append(b, ' ')
	b = append(b, printableLine(r.Message)...)
	add := func(a slog.Attr) bool {
		b = append(b, ' ')
		b = append(b, a.Key...)
		b = append(b, '=')
		b = appendValue(b, a.Value.String())
		return true
	}
	for _, a := range l.attrs {
		add(a)
	}
	r.Attrs(add)
	b = append(b, '\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.w.Write(b)
	return err
}

// WithAttrs returns a log whose lines carry attrs too.
func (l *serviceLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &serviceLog{l.mu, l.w, append(slices.Clone(l.attrs), attrs...)}
}

// WithGroup returns l: the lines have no groups.
func (l *serviceLog) WithGroup(string) slog.Handler { return l }

// appendValue appends a value, quoted if it is more than a plain word. A
// backslash alone needs no quotes: accounts are read as DOMAIN\name.
func appendValue(b []byte, s string) []byte {
	plain := s != ""
	for _, r := range s {
		if r <= ' ' || r == '"' || r == '=' || !strconv.IsPrint(r) {
			plain = false
			break
		}
	}
	if plain {
		return append(b, s...)
	}
	return strconv.AppendQuote(b, s)
}

// printableLine returns s without anything that would end or disturb its line.
func printableLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}
