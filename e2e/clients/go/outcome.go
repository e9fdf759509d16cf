package main

import (
	"context"
	"encoding/base64"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const details = "grpc-status-details-bin"

type outcome struct {
	Code     uint32            `json:"code"`
	Message  string            `json:"message"`
	Reason   string            `json:"reason"`
	Domain   string            `json:"domain"`
	Ray      string            `json:"ray"`
	Replies  []string          `json:"replies"`
	Headers  map[string]string `json:"headers"`
	Trailers map[string]string `json:"trailers"`
}

func (e ended) outcome() outcome {
	state := status.Convert(e.err)
	o := outcome{
		Code: uint32(state.Code()), Message: state.Message(), Replies: e.replies,
		Headers: readable(e.headers), Trailers: readable(e.trailers),
	}
	for _, detail := range state.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			o.Reason, o.Domain, o.Ray = info.Reason, info.Domain, info.Metadata["ray"]
		}
	}
	for _, ray := range []string{o.Headers["cf-ray"], o.Trailers["cf-ray"]} {
		if o.Ray == "" {
			o.Ray = ray
		}
	}
	if o.Replies == nil {
		o.Replies = []string{}
	}
	return o
}

func readable(md metadata.MD) map[string]string {
	text := map[string]string{}
	for key, values := range md {
		value := values[0]
		if strings.HasSuffix(key, "-bin") {
			value = base64.StdEncoding.EncodeToString([]byte(value))
		}
		if key != details {
			text[key] = value
		}
	}
	return text
}

func outgoing(pairs pairs) context.Context {
	ctx := context.Background()
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		if strings.HasSuffix(key, "-bin") {
			if bytes, err := base64.StdEncoding.DecodeString(value); err == nil {
				value = string(bytes)
			}
		}
		ctx = metadata.AppendToOutgoingContext(ctx, key, value)
	}
	return ctx
}
