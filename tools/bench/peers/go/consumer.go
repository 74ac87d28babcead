// The script that a team would write itself: takes events from the stream, posts each to the
// customer's channel, 64 at once, and acknowledges what was answered; the rest comes again. No
// rules, no history, nothing that keeps customers apart.
//
//	consumer NATS_URL API_URL IN_FLIGHT HANGING_WORKSPACE     until SIGTERM
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	stream  = "CARILLON_EVENTS"
	timeout = 30 * time.Second
	ackWait = 60 * time.Second
)

var client = &http.Client{
	Timeout:   timeout,
	Transport: &http.Transport{MaxIdleConnsPerHost: 1024},
}

func channelOf(subject, hanging string) string {
	if strings.Split(subject, ".")[2] == hanging {
		return "C0HANGS"
	}
	return "C0QUIET"
}

// The payload is the only part of the event that begins with a brace.
func message(m *nats.Msg, hanging string) ([]byte, error) {
	at := bytes.IndexByte(m.Data, '{')
	if at < 0 {
		return nil, fmt.Errorf("no payload in %s", m.Subject)
	}
	return json.Marshal(map[string]any{"channel": channelOf(m.Subject, hanging), "text": string(m.Data[at:])})
}

func post(api string, m *nats.Msg, hanging string) error {
	body, err := message(m, hanging)
	if err != nil {
		return err
	}
	request, err := http.NewRequest("POST", api+"/chat.postMessage", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("Authorization", "Bearer xoxb-bench-not-a-token")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}

func work(api string, messages <-chan *nats.Msg, hanging string) {
	for m := range messages {
		if err := post(api, m, hanging); err != nil {
			m.NakWithDelay(time.Second)
			continue
		}
		m.Ack()
	}
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: consumer NATS_URL API_URL IN_FLIGHT HANGING_WORKSPACE")
	}
	inFlight, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	nc, err := nats.Connect(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	js, err := nc.JetStream()
	if err != nil {
		log.Fatal(err)
	}
	sub, err := js.PullSubscribe("carillon.events.>", "peer", nats.BindStream(stream), nats.AckWait(ackWait), nats.MaxAckPending(20000))
	if err != nil {
		log.Fatal(err)
	}
	messages := make(chan *nats.Msg)
	for i := 0; i < inFlight; i++ {
		go work(os.Args[2], messages, os.Args[4])
	}
	fmt.Println("ready")
	for {
		batch, err := sub.Fetch(256, nats.MaxWait(time.Second))
		if err != nil && err != nats.ErrTimeout {
			log.Fatal(err)
		}
		for _, m := range batch {
			messages <- m
		}
	}
}
