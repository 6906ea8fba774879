package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"iisd/metabase"
	"iisd/server"
)

// shutdownTime is how long requests under way may take to finish.
const shutdownTime = 10 * time.Second

// serve runs every site until a signal ends it.
func serve(o *options) error {
	if err := o.want(0, 0, "serve [--metabase FILE]"); err != nil {
		return err
	}
	raiseFileLimit()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	log := slog.New(newServiceLog(o.stderr))
	store, problems := metabase.Open(o.metabase)
	if err := reportProblems(log, problems); err != nil {
		return err
	}
	s := &server.Server{Metabase: store, Log: log}
	if err := s.Start(); err != nil {
		return err
	}
	log.Info("serving", "metabase", o.metabase, "pid", os.Getpid())
	w, err := watch(s.Files)
	if err != nil {
		log.Warn("changes of the metabase are not noticed by themselves; send SIGHUP", "error", err)
	} else {
		defer w.Close()
	}
	for {
		select {
		case sig := <-signals:
			if sig != syscall.SIGHUP {
				log.Info("stopping", "signal", sig.String())
				return stop(s, signals)
			}
		case <-w.Changed():
		}
		reload(s, log)
		w.Renew()
	}
}

// reload takes over the files as they are now and says what came of it.
func reload(s *server.Server, log *slog.Logger) {
	start := time.Now()
	if err := s.Reload(); err != nil {
		log.Error("reload refused: " + oneLine(err) + "; the configuration before goes on")
		return
	}
	log.Info("reloaded", "took", time.Since(start).Round(time.Millisecond))
}

// stop ends the server; a second signal ends it at once.
func stop(s *server.Server, signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	go func() {
		<-signals
		cancel()
	}()
	if err := s.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// reportProblems returns the errors of a metabase as one, and counts its warnings
// in the service log.
func reportProblems(log *slog.Logger, problems []metabase.Problem) error {
	var errs []error
	warnings := 0
	for i := range problems {
		if problems[i].Warning {
			warnings++
		} else {
			errs = append(errs, errors.New(problems[i].String()))
		}
	}
	if warnings > 0 && errs == nil {
		log.Warn("the metabase has warnings; iisd check shows them", "metabase", problems[0].File, "count", warnings)
	}
	return errors.Join(errs...)
}

// raiseFileLimit lets the process open as many connections as it may.
func raiseFileLimit() {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) == nil && l.Cur < l.Max {
		l.Cur = l.Max
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
	}
}
