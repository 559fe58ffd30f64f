package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// jobsPath is where the job API lives.
const jobsPath = "/codelock/axema/usersync"

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 8 << 20

// client speaks the job API, over the network or to the handler in this process.
type client struct {
	base  string
	token string
	http  *http.Client
}

// start asks for a job of the company; empty: the login's.
func (c *client) start(ctx context.Context, company string, full bool) (job, error) {
	body, err := json.Marshal(struct {
		CompanyID string `json:"CompanyId,omitempty"`
		Full      bool   `json:",omitempty"`
	}{company, full})
	if err != nil {
		return job{}, err
	}
	var j job
	return j, c.call(ctx, http.MethodPost, jobsPath, nil, body, &j)
}

// get reads a job.
func (c *client) get(ctx context.Context, id, company string) (job, error) {
	var j job
	return j, c.call(ctx, http.MethodGet, jobsPath+"/"+url.PathEscape(id), companyQuery(company), nil, &j)
}

// list calls yield with every job, newest first, until it returns an error.
func (c *client) list(ctx context.Context, company string, yield func(job) error) error {
	const take = 100
	for skip := 0; skip <= 10_000; skip += take {
		query := companyQuery(company)
		query.Set("Skip", strconv.Itoa(skip))
		query.Set("Take", strconv.Itoa(take))
		var page struct{ Results []job }
		if err := c.call(ctx, http.MethodGet, jobsPath, query, nil, &page); err != nil {
			return err
		}
		for _, j := range page.Results {
			if err := yield(j); err != nil {
				return err
			}
		}
		if len(page.Results) < take {
			break
		}
	}
	return nil
}

// outcomes returns a part of a job's outcomes and how many there are in all.
func (c *client) outcomes(ctx context.Context, id, company, action string, skip, take int) (int, []outcome, error) {
	query := companyQuery(company)
	query.Set("Skip", strconv.Itoa(skip))
	query.Set("Take", strconv.Itoa(take))
	if action != "" {
		query.Set("Action", action)
	}
	var page struct {
		Total   int
		Results []outcome
	}
	err := c.call(ctx, http.MethodGet, jobsPath+"/"+url.PathEscape(id)+"/outcomes", query, nil, &page)
	return page.Total, page.Results, err
}

func companyQuery(company string) url.Values {
	query := url.Values{}
	if company != "" {
		query.Set("CompanyId", company)
	}
	return query
}

// call does one request and decodes its answer, or the ResponseStatus of its refusal.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body []byte, into any) error {
	address := strings.TrimSuffix(c.base, "/") + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return usageError{fmt.Errorf("--server %q is no address", c.base)}
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &usersync.Error{Code: usersync.Unavailable, Message: "the server does not answer: " + c.base, Cause: err}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return &usersync.Error{Code: usersync.Unavailable, Message: "the server's answer broke off: " + method + " " + path, Cause: err}
	}
	if response.StatusCode != http.StatusOK {
		return refusal(response.StatusCode, method+" "+path, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return &usersync.Error{Code: usersync.Malformed, Message: "the server's answer is not a job API's: " + method + " " + path, Cause: err}
	}
	return nil
}

// refusal makes an error of a ResponseStatus.
func refusal(status int, request string, text []byte) error {
	var answer struct {
		ResponseStatus struct {
			Message string
			Meta    struct {
				JobID string `json:"JobId"`
			}
		}
	}
	_ = json.Unmarshal(text, &answer) // an answer that is none has no message
	message := answer.ResponseStatus.Message
	if message == "" {
		message = http.StatusText(status)
	}
	codes := map[int]usersync.Code{
		http.StatusConflict: usersync.Conflict, http.StatusBadRequest: usersync.Validation, http.StatusNotFound: usersync.NotFound,
		http.StatusUnauthorized: usersync.Unauthorized, http.StatusForbidden: usersync.Forbidden, http.StatusServiceUnavailable: usersync.Unavailable,
	}
	code, known := codes[status]
	if !known {
		code = usersync.Internal
	}
	if holder := answer.ResponseStatus.Meta.JobID; holder != "" {
		message += ": " + holder
	}
	return &usersync.Error{Code: code, Message: fmt.Sprintf("%s: %d %s", request, status, message), Holder: usersync.JobID(answer.ResponseStatus.Meta.JobID)}
}
