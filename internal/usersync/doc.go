// Package usersync is the domain: the words that every other package speaks, and the contracts that
// they hold each other to. It imports the standard library only.
//
// # The way of one job
//
//	start    takes the company's lease, writes the job, starts the execution   internal/workflow
//	fetch    stages a batch of the source's pages, sealed                      internal/engine
//	upsert   plans each page once, applies it to the target, checkpoints       internal/engine
//	settle   counts the same id once, finds leavers                            internal/engine
//	finish   status, lease and page key gone                                   internal/engine
//
// # The map
//
//	usersync    Company, Job, Person, Page, Link, Outcome, Error; Source, Target, the stores
//	mapping     Person → a target's record, by declared rules
//	engine      plan, apply, settle: the work of each step
//	workflow    sync.asl.json, its step handlers, the start protocol, the names of errors
//	api         the job API as one http.Handler
//	auth        bearer tokens: verifying them, and the built-in issuer
//	directory   the built-in user directory and its Websak-shaped HTTP API
//	connector   one folder per outside system
//	store       sqlite (one machine) and dynamo (AWS), held to one suite
//	httpx       the one outgoing HTTP client
//	settings    the settings file: strict, every fault with its place
//	local       all of it in one process
//	aws         one service of AWS each: Step Functions, secrets, the bus, metrics, the gateway
//	app         the only composition root: machine (one machine), deployed (the functions), operator
//	cmd         the command line
//	rehearsal   the whole deployment on one machine, tried out
//
// functions/ has one main for each Lambda function of template.yaml.
package usersync
