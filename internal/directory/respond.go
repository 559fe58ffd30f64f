package directory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/usersync"
)

// statuses is the one table from codes to statuses; what it lacks is 500.
var statuses = map[usersync.Code]int{
	usersync.Validation: http.StatusBadRequest,
	usersync.NotFound:   http.StatusNotFound,
	usersync.Exists:     http.StatusConflict,
}

// problemDetails is Websak's ProblemDetails.
type problemDetails struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// answer writes a status with a JSON body.
func (c *call) answer(status int, body any) error {
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.WriteHeader(status)
	encoder := json.NewEncoder(c.w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		c.Log.WarnContext(c.r.Context(), "directory: an answer was not sent whole", "error", fmt.Sprintf("%T", err))
	}
	return nil
}

// refuse answers with an error whose body is a JSON string.
func (c *call) refuse(status int, message string) { _ = c.answer(status, message) }

// problem answers with an error whose body is ProblemDetails.
func (c *call) problem(status int, message string) error {
	return c.answer(status, problemDetails{"about:blank", http.StatusText(status), status, message})
}

// fail answers with what the table says of an error. What is unforeseen has an id that the log has too.
func (c *call) fail(err error) {
	if e, ok := errors.AsType[*refusal](err); ok {
		c.refuse(e.status, e.message)
		return
	}
	if c.r.Context().Err() != nil {
		return // nobody is listening any more
	}
	code := usersync.CodeOf(err)
	status, known := statuses[code]
	if !known {
		id := uuid.NewString()
		c.Log.ErrorContext(c.r.Context(), "directory: unforeseen error", "id", id, "code", code, "error", usersync.Public(err), "type", fmt.Sprintf("%T", err))
		c.refuse(http.StatusInternalServerError, "an unforeseen error; the log has more under "+id)
		return
	}
	if e, ok := errors.AsType[*usersync.Error](err); ok && e.RetryAfter > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	c.refuse(status, usersync.Public(err))
}

// refusal is an error that only HTTP knows.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

// body reads the request's JSON whole, without looking into it.
func (c *call) body() ([]byte, error) {
	media, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	isJSON := media == "application/json" || media == "text/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
	if charset := params["charset"]; err != nil || !isJSON || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, &refusal{http.StatusUnsupportedMediaType, "the body must be application/json in UTF-8"}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB"}
	}
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "the body did not come whole"}
	}
	return raw, nil
}
