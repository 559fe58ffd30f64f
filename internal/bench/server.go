package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// websak is a Websak-shaped server for measuring: it lists made-up people and takes upserts after a
// delay, keeping no more than it needs to answer. Its counters are served under /bench.
type websak struct {
	people  int
	delay   time.Duration
	changed atomic.Int64 // the first so many people have another title

	mu  sync.Mutex
	ids map[string]string // code → id
	counter
}

// counters is what /bench answers, since it was last asked: lists, writes, and requests of any other kind but logins.
type counters struct{ Lists, Posts, Others int64 }

// counter counts the requests of a server.
type counter struct{ lists, posts, others atomic.Int64 }

func (c *counter) swap() counters {
	return counters{c.lists.Swap(0), c.posts.Swap(0), c.others.Swap(0)}
}

// system is a server for measuring.
type system interface {
	routes(*http.ServeMux)
	swap() counters
}

func newWebsak(people int, delay time.Duration) *websak {
	return &websak{people: people, delay: delay, ids: map[string]string{}}
}

func (w *websak) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/Users", w.list)
	mux.HandleFunc("GET /api/Users/changes/{date}", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotFound) })
	mux.HandleFunc("POST /api/Users", w.upsert)
	mux.HandleFunc("POST /bench/changed/{n}", func(rw http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.PathValue("n"))
		w.changed.Store(int64(n))
		rw.WriteHeader(http.StatusNoContent)
	})
}

// serve runs a system on a free port, prints its address as the only line on out, and serves until its
// standard input ends. It gives a token to everybody.
func serve(s system, in io.Reader, out io.Writer) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /connect/token", func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, http.StatusOK, map[string]any{"access_token": "bench", "token_type": "Bearer", "expires_in": 3600})
	})
	mux.HandleFunc("GET /bench", func(rw http.ResponseWriter, _ *http.Request) { answer(rw, http.StatusOK, s.swap()) })
	s.routes(mux)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "http://%s\n", l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = l.Close()
	}()
	if err := http.Serve(l, mux); err != nil && !isClosed(err) {
		return err
	}
	return nil
}

func (w *websak) list(rw http.ResponseWriter, r *http.Request) {
	w.lists.Add(1)
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	page := []byte("[")
	for n := offset; n < min(offset+limit, w.people); n++ {
		if n > offset {
			page = append(page, ',')
		}
		title := "Adviser"
		if int64(n) < w.changed.Load() {
			title = "Senior adviser"
		}
		page = fmt.Appendf(page, `{"gidId":"gid-%07d","code":"user%07d","active":true,"name":"Bjørn Ødegård %d","title":%q,"phone":"08-465 004 %02d",`+
			`"mobile":"070-174 06 %02d","emailAddr":"user%07d@kommune.example","addr":"Storgata %d","postalNo":"0155","place":"Oslo","departmentCode":"ADM"}`,
			n, n, n, title, n%100, 5+n%95, n, n%90)
	}
	rw.Header().Set("Content-Type", "application/json")
	_, _ = rw.Write(append(page, ']'))
}

func (w *websak) upsert(rw http.ResponseWriter, r *http.Request) {
	w.posts.Add(1)
	var user struct {
		Code string `json:"code"`
		Name string `json:"name"`
	}
	if err := json.NewDecoder(r.Body).Decode(&user); err != nil {
		answer(rw, http.StatusInternalServerError, "not JSON")
		return
	}
	time.Sleep(w.delay)
	w.mu.Lock()
	id, found := w.ids[user.Code]
	if !found {
		id = fmt.Sprintf("id-%d", len(w.ids)+1)
		w.ids[user.Code] = id
	}
	w.mu.Unlock()
	status := http.StatusCreated
	if found {
		status = http.StatusOK
	}
	answer(rw, status, map[string]any{"gidId": id, "code": user.Code, "name": user.Name, "active": true})
}

func answer(rw http.ResponseWriter, status int, body any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(body)
}
