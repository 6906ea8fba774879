//go:build race

package server

// raceDetector: sync.Pool then forgets what it is given now and then, so that
// allocations cannot be counted.
const raceDetector = true
