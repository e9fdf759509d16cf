package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const service = "/hello.HelloService/"

// A finished call: its replies, its metadata, and the error it ended with.
type ended struct {
	replies           []string
	headers, trailers metadata.MD
	err               error
}

var calls = map[string]func(context.Context, *grpc.ClientConn, options) ended{
	"say-hello":         sayHello,
	"lots-of-replies":   lotsOfReplies,
	"lots-of-greetings": lotsOfGreetings,
	"bidi":              bidi,
	"cancel":            cancelled,
	"deadline":          untilDeadline,
	"hold":              hold,
}

// A HelloRequest and a HelloResponse are one string in field 1, which is what StringValue is on the wire.
func hello(text string) *wrapperspb.StringValue { return wrapperspb.String(text) }

func sayHello(ctx context.Context, conn *grpc.ClientConn, o options) (e ended) {
	var reply wrapperspb.StringValue
	e.err = conn.Invoke(ctx, service+"SayHello", hello(o.greeting), &reply, grpc.Header(&e.headers), grpc.Trailer(&e.trailers))
	if e.err == nil {
		e.replies = []string{reply.Value}
	}
	return e
}

func lotsOfReplies(ctx context.Context, conn *grpc.ClientConn, o options) ended {
	return converse(ctx, conn, "LotsOfReplies", grpc.StreamDesc{ServerStreams: true}, func(s *stream) error {
		return errors.Join(s.send(o.greeting), s.CloseSend())
	})
}

func lotsOfGreetings(ctx context.Context, conn *grpc.ClientConn, o options) ended {
	return converse(ctx, conn, "LotsOfGreetings", grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, func(s *stream) error {
		for range o.count {
			if err := s.send(o.greeting); err != nil {
				return err
			}
		}
		return s.CloseSend()
	})
}

func bidi(ctx context.Context, conn *grpc.ClientConn, o options) ended {
	return converseBoth(ctx, conn, func(s *stream) error {
		for range o.count {
			if _, err := s.say(o.greeting); err != nil {
				return err
			}
		}
		return s.CloseSend()
	})
}

func cancelled(ctx context.Context, conn *grpc.ClientConn, o options) ended {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return converseBoth(ctx, conn, func(s *stream) error {
		_, err := s.say(o.greeting)
		cancel()
		return err
	})
}

func untilDeadline(ctx context.Context, conn *grpc.ClientConn, o options) ended {
	return converseBoth(ctx, conn, func(s *stream) error {
		_, err := s.say(o.greeting)
		return err
	})
}

func hold(ctx context.Context, conn *grpc.ClientConn, _ options) ended {
	return converseBoth(ctx, conn, func(s *stream) error {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			reply, err := s.say(lines.Text())
			if err != nil {
				return err
			}
			line, _ := json.Marshal(map[string]string{"reply": reply})
			fmt.Println(string(line))
		}
		return s.CloseSend()
	})
}

// A stream that remembers its replies.
type stream struct {
	grpc.ClientStream
	replies []string
}

// A send on a stream that the other side has ended says only io.EOF; how it ended is learned by receiving.
func (s *stream) send(greeting string) error {
	if err := s.SendMsg(hello(greeting)); err != io.EOF {
		return err
	}
	return nil
}

func (s *stream) say(greeting string) (string, error) {
	if err := s.send(greeting); err != nil {
		return "", err
	}
	return s.receive()
}

func (s *stream) receive() (string, error) {
	var reply wrapperspb.StringValue
	if err := s.RecvMsg(&reply); err != nil {
		return "", err
	}
	s.replies = append(s.replies, reply.Value)
	return reply.Value, nil
}

func converseBoth(ctx context.Context, conn *grpc.ClientConn, talk func(*stream) error) ended {
	return converse(ctx, conn, "BidiHello", grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, talk)
}

// Opens a stream, lets talk use it, and reads it to its end.
func converse(ctx context.Context, conn *grpc.ClientConn, method string, kind grpc.StreamDesc, talk func(*stream) error) ended {
	inner, err := conn.NewStream(ctx, &kind, service+method)
	if err != nil {
		return ended{err: err}
	}
	s := &stream{ClientStream: inner}
	err = talk(s)
	for err == nil {
		_, err = s.receive()
	}
	if err == io.EOF {
		err = nil
	}
	headers, _ := inner.Header()
	return ended{replies: s.replies, headers: headers, trailers: inner.Trailer(), err: err}
}
