// Package settings reads the settings file: strictly, with every fault that it has reported at once,
// each with its line and key. A value never appears in a fault, since any value may be a secret that
// was written into the wrong place.
//
// What the file may say of sources and targets comes from the connectors' own descriptions
// (usersync.ConnectorSpec); this package knows no connector.
package settings
