package directory_test

import (
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/usersync/usersync/internal/connector/connectortest"
	connector "github.com/usersync/usersync/internal/connector/directory"
)

func BenchmarkCreateFiftyAtOnce(b *testing.B) {
	store, clock := open(b)
	target := connector.NewTarget(store, company, nil, clock)
	var n atomic.Int64
	b.SetParallelism(25)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		p := connectortest.People(1)[0]
		for pb.Next() {
			p.UserName = strconv.FormatInt(n.Add(1), 10)
			if _, err := target.Create(b.Context(), record(&p)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
