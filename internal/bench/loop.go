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

// bareLoop is the least that a first sync must do: one POST a person, so many in flight, nothing else.
func bareLoop(url string, people, inFlight int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: inFlight, MaxConnsPerHost: inFlight}}
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	for range inFlight {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(people); n = next.Add(1) {
				body := fmt.Appendf(nil, `{"code":"loop%07d","name":"Bjørn Ødegård","title":"Adviser","lookupField":"Code",`+
					`"phone":"08-465 004 00","mobile":"070-174 06 05","emailAddr":"loop%07d@kommune.example","addr":"Storgata 1","postalNo":"0155","place":"Oslo"}`, n, n)
				resp, err := client.Post(url+"/api/Users", "application/json", bytes.NewReader(body))
				if err != nil {
					failed.Add(1)
					continue
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusCreated {
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
