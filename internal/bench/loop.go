package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// posts are what a bare loop sends: where to, and a person's body, with one number in it or more.
type posts struct{ path, body string }

var loops = map[string]posts{
	"websak": {"/api/Users", `{"code":"loop%[1]07d","name":"Bjørn Ødegård","title":"Adviser","lookupField":"Code",` +
		`"phone":"08-465 004 00","mobile":"070-174 06 05","emailAddr":"loop%[1]07d@kommune.example","addr":"Storgata 1","postalNo":"0155","place":"Oslo"}`},
	"bokamera": {"/customers", `{"Firstname":"Åsa","Lastname":"Ek %[1]d","Email":"loop%[1]07d@boende.example"}`},
}

// bareLoop is the least that a first sync must do: one POST a person, so many in flight, nothing else.
func bareLoop(send posts, url string, people, inFlight int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: inFlight, MaxConnsPerHost: inFlight}}
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	for range inFlight {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(people); n = next.Add(1) {
				resp, err := client.Post(url+send.path, "application/json", bytes.NewReader(fmt.Appendf(nil, send.body, n)))
				if err != nil {
					failed.Add(1)
					continue
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode/100 != 2 {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := failed.Load(); n > 0 {
		return fmt.Errorf("%d of the bare loop's requests failed", n)
	}
	return nil
}

func isClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed)
}
