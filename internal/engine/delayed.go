package engine

import "container/heap"

// delayed is a heap of people to be tried later, the earliest first.
type delayed []*task

func (d delayed) Len() int           { return len(d) }
func (d delayed) Less(i, j int) bool { return d[i].due.Before(d[j].due) }
func (d delayed) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }

// Push is for package heap.
func (d *delayed) Push(x any) { *d = append(*d, x.(*task)) }

// Pop is for package heap.
func (d *delayed) Pop() any {
	last := len(*d) - 1
	t := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	return t
}

func (d *delayed) push(t *task) { heap.Push(d, t) }
func (d *delayed) pop() *task   { return heap.Pop(d).(*task) }
