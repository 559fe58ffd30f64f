// Package connectortest is the suite that every connector passes, so that the engine meets the same
// behaviour whatever system is behind it. A connector joins with the hooks of Source and Target; one
// that speaks HTTP also with those of HTTPSource and HTTPTarget, whose scripted servers answer with
// what vendors' servers are known to answer on a bad day.
package connectortest
