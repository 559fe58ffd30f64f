package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// vaka is a VAKA-shaped source with one device: two people to a group.
type vaka struct {
	people int
	counter
}

func newVAKA(people int) *vaka { return &vaka{people: people} }

func (v *vaka) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/reservations/users/fetch/{device}", v.users)
	mux.HandleFunc("GET /v1/usergroups/{device}/all", v.groups)
}

func (v *vaka) users(rw http.ResponseWriter, _ *http.Request) {
	v.lists.Add(1)
	rw.Header().Set("Content-Type", "application/json")
	part := []byte(`{"userAccounts":[`)
	for n := range v.people {
		if n > 0 {
			part = append(part, ',')
		}
		part = fmt.Appendf(part, `{"userId":"3f2504e0-4f89-41d3-9a0c-%012d","name":"Ek %d, Åsa","email":"boende.%d@boende.example","userGroupId":"7d444840-9dc0-11d1-b245-%012d"}`, n, n, n, n/2)
		if len(part) > 64<<10 {
			_, _ = rw.Write(part)
			part = part[:0]
		}
	}
	_, _ = rw.Write(append(part, "]}"...))
}

func (v *vaka) groups(rw http.ResponseWriter, r *http.Request) {
	v.others.Add(1)
	from, _ := strconv.Atoi(r.URL.Query().Get("continuationToken"))
	size, _ := strconv.Atoi(r.URL.Query().Get("pageSize"))
	all := (v.people + 1) / 2
	groups := []map[string]any{}
	for n := from; n < min(from+size, all); n++ {
		groups = append(groups, map[string]any{"id": fmt.Sprintf("7d444840-9dc0-11d1-b245-%012d", n), "name": fmt.Sprintf("Lgh %d", n), "apartmentId": strconv.Itoa(1000 + n), "deviceId": "1234"})
	}
	var next any
	if from+size < all {
		next = strconv.Itoa(from + size)
	}
	answer(rw, http.StatusOK, map[string]any{"userGroups": groups, "continuationToken": next})
}

// bokamera is a BokaMera-shaped target with customers whom nobody matches; it takes whoever comes after a delay.
type bokamera struct {
	customers int
	delay     time.Duration
	made      atomic.Int64
	counter
}

func newBokaMera(customers int, delay time.Duration) *bokamera {
	return &bokamera{customers: customers, delay: delay}
}

func (b *bokamera) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /customers", b.list)
	mux.HandleFunc("POST /customers", b.create)
	mux.HandleFunc("/customers/", func(rw http.ResponseWriter, _ *http.Request) {
		b.others.Add(1)
		rw.WriteHeader(http.StatusNotFound)
	})
}

func (b *bokamera) list(rw http.ResponseWriter, r *http.Request) {
	b.lists.Add(1)
	time.Sleep(b.delay)
	skip, _ := strconv.Atoi(r.URL.Query().Get("Skip"))
	take, _ := strconv.Atoi(r.URL.Query().Get("Take"))
	page := fmt.Appendf(nil, `{"Offset":%d,"Total":%d,"Results":[`, skip, b.customers)
	for n := skip; n < min(skip+take, b.customers); n++ {
		if n > skip {
			page = append(page, ',')
		}
		page = fmt.Appendf(page, `{"Id":"c0ffee00-0000-4000-9000-%012d","Firstname":"Bo","Lastname":"Ek","Email":"kund.%d@kund.example","Phone":"+46701%06d"}`, n, n, n)
	}
	rw.Header().Set("Content-Type", "application/json")
	_, _ = rw.Write(append(page, "]}"...))
}

func (b *bokamera) create(rw http.ResponseWriter, r *http.Request) {
	b.posts.Add(1)
	var customer struct{ Email string }
	if json.NewDecoder(r.Body).Decode(&customer) != nil || customer.Email == "" {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	time.Sleep(b.delay)
	answer(rw, http.StatusOK, map[string]any{"Id": fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", b.made.Add(1))})
}
