package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usersync/usersync/internal/app/machine"
)

// tokenCommand prints a token of the built-in issuer.
type tokenCommand struct {
	Data    string        `help:"The data folder; made where there is none." default:"usersync-data" type:"path" placeholder:"DIR"`
	Role    []string      `help:"A role; may be given more than once." placeholder:"ROLE" sep:","`
	Company string        `help:"The company of the login." placeholder:"ID"`
	Scope   []string      `help:"A scope, such as userapi; may be given more than once." placeholder:"SCOPE" sep:","`
	TTL     time.Duration `name:"ttl" help:"How long it holds." default:"1h"`
	Keys    bool          `help:"Print the issuer's public keys as a JWKS instead, for whoever is to verify its tokens."`
}

// Run prints it.
func (c *tokenCommand) Run(ctx context.Context, s streams) error {
	company, err := parseCompany(c.Company)
	if err != nil {
		return err
	}
	if c.Keys {
		keys, err := machine.Keys(c.Data)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, string(keys))
		return err
	}
	if len(c.Role)+len(c.Scope) == 0 {
		return usageError{errors.New("a token needs --role or --scope")}
	}
	if c.TTL <= 0 {
		return usageError{fmt.Errorf("--ttl %v is not a time to hold", c.TTL)}
	}
	token, err := machine.Token(c.Data, company, c.Role, c.Scope, c.TTL)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, token)
	return err
}
