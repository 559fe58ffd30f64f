// Package bus tells the event bus when a job has ended.
package bus

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/usersync/usersync/internal/aws/signed"
	"github.com/usersync/usersync/internal/usersync"
)

const (
	source     = "usersync"
	syncEnded  = "SyncEnded"
	tellWithin = 5 * time.Second
)

// ended is the detail of SyncEnded: the job API's names.
type ended struct {
	ID           string `json:"Id"`
	CompanyID    string `json:"CompanyId"`
	Status       int
	StatusName   string
	UsersFound   int
	UsersCreated int
	UsersUpdated int
	UsersRemoved int
	UsersFailed  int
	ErrorMessage string `json:",omitempty"`
	CreatedDate  time.Time
	UpdatedDate  time.Time
}

// Bus puts events on a bus. It is a usersync.Observer, and safe for concurrent use.
type Bus struct {
	client   *signed.Client
	endpoint string
	name     string
	log      *slog.Logger
}

var _ usersync.Observer = (*Bus)(nil)

// New makes a Bus of its name or ARN; endpoint is where EventBridge is called.
func New(client *signed.Client, endpoint, name string, log *slog.Logger) *Bus {
	return &Bus{client: client, endpoint: endpoint, name: name, log: log}
}

// Stepped tells nobody.
func (b *Bus) Stepped(context.Context, usersync.StepReport) {}

// Ended puts SyncEnded on the bus.
func (b *Bus) Ended(ctx context.Context, job usersync.Job) {
	c := job.Counts
	detail, err := json.Marshal(ended{
		ID: string(job.ID), CompanyID: string(job.Company), Status: int(job.Status), StatusName: job.Status.String(),
		UsersFound: c.Found, UsersCreated: c.Created, UsersUpdated: c.Updated, UsersRemoved: c.Removed, UsersFailed: c.Failed,
		ErrorMessage: job.Error, CreatedDate: job.CreatedAt.UTC(), UpdatedDate: job.UpdatedAt.UTC(),
	})
	if err != nil {
		b.log.ErrorContext(ctx, "the end of a job could not be told", "job", job.ID, "company", job.Company)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	defer cancel()
	var out struct{ FailedEntryCount int }
	err = b.client.Call(ctx, signed.Service{Name: "events", Endpoint: b.endpoint, Target: "AWSEvents.PutEvents"}, map[string]any{
		"Entries": []map[string]string{{"EventBusName": b.name, "Source": source, "DetailType": syncEnded, "Detail": string(detail)}},
	}, &out)
	if err != nil || out.FailedEntryCount > 0 {
		b.log.ErrorContext(ctx, "the end of a job could not be put on the bus", "job", job.ID, "company", job.Company, "code", usersync.CodeOf(err))
	}
}
