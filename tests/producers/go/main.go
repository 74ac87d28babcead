// A producer in Go: see ../run.mjs for what it is asked.
package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"producer/carillonv1"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func fields(e *carillonv1.Event) []string {
	payload := e.GetTextData()
	if payload == "" {
		payload = string(e.GetBinaryData())
	}
	seconds, nanos := "", ""
	if e.Time != nil {
		seconds, nanos = strconv.FormatInt(e.Time.Seconds, 10), strconv.Itoa(int(e.Time.Nanos))
	}
	return []string{e.Id, e.Type, e.Source, e.Resource, e.ResourceId, e.ThreadKey, seconds, nanos, payload}
}

func conformance(path string) {
	lines := bufio.NewScanner(must(os.Open(path)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		columns := strings.Split(lines.Text(), "\t")
		raw, wanted := must(hex.DecodeString(columns[1])), columns[3:]
		var event, twice carillonv1.Event
		if err := proto.Unmarshal(raw, &event); err != nil {
			panic(err)
		}
		again := must(proto.Marshal(&event))
		if err := proto.Unmarshal(again, &twice); err != nil {
			panic(err)
		}
		if !slices.Equal(fields(&event), wanted) || len(again) != len(raw) || !slices.Equal(fields(&twice), wanted) {
			fmt.Println("differs", columns[0], fields(&event), wanted)
		} else {
			fmt.Println("ok", columns[0])
		}
	}
}

func publish(url, creds, workspace string) {
	var refused atomic.Value
	connect := func(options ...nats.Option) *nats.Conn {
		options = append(options, nats.UserCredentials(creds),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused.Store(err.Error()) }))
		return must(nats.Connect(url, options...))
	}
	send := func(nc *nats.Conn, subject string, event *carillonv1.Event, wait time.Duration) (uint64, error) {
		ack, err := must(nc.JetStream()).Publish(subject, must(proto.Marshal(event)), nats.AckWait(wait))
		if err != nil {
			return 0, err
		}
		return ack.Sequence, nil
	}
	order := func(number string) *carillonv1.Event {
		return &carillonv1.Event{Id: "order-" + number, Type: "order.created", Resource: "order", ResourceId: number,
			Data: &carillonv1.Event_TextData{TextData: `{"severity": "high"}`}}
	}
	own := "carillon.events." + workspace + ".order.created"
	nc := connect(nats.CustomInboxPrefix("_INBOX." + workspace))
	fmt.Println("acked", must(send(nc, own, order("1"), 10*time.Second)))
	if seq, err := send(nc, "carillon.events.globex.order.created", order("1"), 2*time.Second); err == nil {
		fmt.Println("stored", seq)
	} else if errors.Is(err, nats.ErrTimeout) {
		fmt.Println("refused", refused.Load())
	}
	// With the usual inbox the event is stored, and its answer never comes: so it is sent again.
	other := connect()
	if seq, err := send(other, own, order("2"), 2*time.Second); err == nil {
		fmt.Println("stored", seq)
	} else {
		fmt.Println("timeout", err)
	}
	other.Close()
	fmt.Println("again", must(send(nc, own, order("2"), 10*time.Second)))
	nc.Close()
}

func main() {
	if os.Args[1] == "conformance" {
		conformance(os.Args[2])
	} else {
		publish(os.Args[2], os.Args[3], os.Args[4])
	}
}
