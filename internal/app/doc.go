// Package app is the only composition root: it takes settings and a place to keep things, and hands
// out what a process needs. It alone knows every room.
package app
