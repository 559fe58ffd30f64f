// Package app is the only composition root: it takes settings and a place to keep things, and hands
// out what a process needs. It alone knows every room. What both compositions share is here; machine
// puts together the one process of one machine, deployed the functions of a deployment, so that no
// function links what only the other one needs.
package app
