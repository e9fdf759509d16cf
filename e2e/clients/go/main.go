// Calls hello.HelloService with grpc-go; the command line and the answer are described in ../README.md.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

type options struct {
	target, authority, ca, call, greeting string
	plaintext                             bool
	count                                 int
	deadline                              time.Duration
	metadata                              pairs
}

type pairs []string

func (p *pairs) String() string         { return strings.Join(*p, " ") }
func (p *pairs) Set(value string) error { *p = append(*p, value); return nil }

func arguments() options {
	var o options
	flag.StringVar(&o.target, "target", "", "host:port of the edge")
	flag.StringVar(&o.authority, "authority", "", "the name that is called")
	flag.StringVar(&o.ca, "ca", "", "PEM file of the CA to trust")
	flag.BoolVar(&o.plaintext, "plaintext", false, "h2c instead of TLS")
	flag.StringVar(&o.call, "call", "", "what to do")
	flag.StringVar(&o.greeting, "greeting", "Orangery", "who is greeted")
	flag.IntVar(&o.count, "count", 3, "number of requests on a stream")
	deadlineMillis := flag.Int("deadline-ms", 20_000, "deadline of the call")
	flag.Var(&o.metadata, "metadata", "KEY=VALUE, may be repeated")
	flag.Parse()
	o.deadline = time.Duration(*deadlineMillis) * time.Millisecond
	return o
}

func connect(o options) (*grpc.ClientConn, error) {
	security := insecure.NewCredentials()
	if !o.plaintext {
		tls, err := credentials.NewClientTLSFromFile(o.ca, "")
		if err != nil {
			return nil, err
		}
		security = tls
	}
	return grpc.NewClient("passthrough:///"+o.target,
		grpc.WithTransportCredentials(security), grpc.WithAuthority(o.authority), grpc.WithDisableRetry())
}

func main() {
	o := arguments()
	run, known := calls[o.call]
	if !known {
		log.Fatalf("unknown --call %q", o.call)
	}
	conn, err := connect(o)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(outgoing(o.metadata), o.deadline)
	defer cancel()
	line, err := json.Marshal(run(ctx, conn, o).outcome())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stdout, string(line))
}
