"""Calls hello.HelloService with grpcio; the command line and the answer are described in ../README.md."""

import argparse
import base64
import json
import queue
import sys

import grpc
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

SERVICE = "/hello.HelloService/"
DETAILS = "grpc-status-details-bin"
DEFAULT_DEADLINE_MS = 20_000

# A HelloRequest and a HelloResponse are one string in field 1, which is what StringValue is on the wire.
CODEC = {
    "request_serializer": lambda text: StringValue(value=text).SerializeToString(),
    "response_deserializer": lambda data: StringValue.FromString(data).value,
}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--authority", required=True)
    parser.add_argument("--ca")
    parser.add_argument("--plaintext", action="store_true")
    parser.add_argument("--call", required=True, choices=sorted(CALLS))
    parser.add_argument("--greeting", default="Orangery")
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--deadline-ms", type=int, default=DEFAULT_DEADLINE_MS)
    parser.add_argument("--metadata", action="append", default=[])
    return parser.parse_args()


def channel(options):
    settings = [("grpc.default_authority", options.authority), ("grpc.enable_retries", 0)]
    if options.plaintext:
        return grpc.insecure_channel(options.target, settings)
    with open(options.ca, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    return grpc.secure_channel(options.target, credentials, [*settings, ("grpc.ssl_target_name_override", options.authority)])


def metadata(pairs):
    for pair in pairs:
        key, value = pair.split("=", 1)
        yield key, base64.b64decode(value) if key.endswith("-bin") else value


def readable(pairs):
    return {key: base64.b64encode(value).decode() if isinstance(value, bytes) else value for key, value in pairs or ()}


def error_info(pairs):
    for key, value in pairs or ():
        if key == DETAILS:
            for detail in Status.FromString(value).details:
                info = ErrorInfo()
                if detail.Unpack(info):
                    return info
    return ErrorInfo()


def say_hello(channel, options, common):
    call = channel.unary_unary(SERVICE + "SayHello", **CODEC)
    reply, ended = call.with_call(options.greeting, **common)
    return ended, [reply]


def lots_of_greetings(channel, options, common):
    call = channel.stream_unary(SERVICE + "LotsOfGreetings", **CODEC)
    reply, ended = call.with_call((options.greeting for _ in range(options.count)), **common)
    return ended, [reply]


def lots_of_replies(channel, options, common):
    call = channel.unary_stream(SERVICE + "LotsOfReplies", **CODEC)(options.greeting, **common)
    return call, call


class Conversation:
    """A bidi stream of which requests are sent one by one."""

    def __init__(self, channel, common):
        self.requests = queue.Queue()
        open_stream = channel.stream_stream(SERVICE + "BidiHello", **CODEC)
        self.call = open_stream(iter(self.requests.get, None), **common)

    def say(self, greeting):
        self.requests.put(greeting)
        return self.reply()

    def reply(self):
        """The next reply, or None where the stream has ended well."""
        return next(self.call, None)

    def close(self):
        self.requests.put(None)
        return list(self.call)


def bidi(channel, options, common):
    conversation = Conversation(channel, common)

    def replies():
        for _ in range(options.count):
            yield conversation.say(options.greeting)
        yield from conversation.close()

    return conversation.call, replies()


def cancel(channel, options, common):
    conversation = Conversation(channel, common)

    def replies():
        yield conversation.say(options.greeting)
        conversation.call.cancel()
        conversation.reply()

    return conversation.call, replies()


def deadline(channel, options, common):
    conversation = Conversation(channel, common)

    def replies():
        yield conversation.say(options.greeting)
        conversation.reply()

    return conversation.call, replies()


def hold(channel, options, common):
    conversation = Conversation(channel, common)

    def replies():
        for line in sys.stdin:
            reply = conversation.say(line.rstrip("\n"))
            print(json.dumps({"reply": reply}), flush=True)
            yield reply
        yield from conversation.close()

    return conversation.call, replies()


CALLS = {
    "say-hello": say_hello,
    "lots-of-replies": lots_of_replies,
    "lots-of-greetings": lots_of_greetings,
    "bidi": bidi,
    "cancel": cancel,
    "deadline": deadline,
    "hold": hold,
}


def outcome(options):
    """Makes the call and tells how it ended, whichever way."""
    replies = []
    common = {"timeout": options.deadline_ms / 1000, "metadata": tuple(metadata(options.metadata))}
    with channel(options) as connection:
        try:
            ended, stream = CALLS[options.call](connection, options, common)
            for reply in stream:
                replies.append(reply)
        except grpc.RpcError as error:
            ended = error
        return describe(ended, replies)


def describe(ended, replies):
    headers, trailers = ended.initial_metadata(), ended.trailing_metadata()
    info = error_info(trailers)
    rays = (info.metadata.get("ray"), readable(headers).get("cf-ray"), readable(trailers).get("cf-ray"))
    return {
        "code": ended.code().value[0],
        "message": ended.details() or "",
        "reason": info.reason,
        "domain": info.domain,
        "ray": next(filter(None, rays), ""),
        "replies": replies,
        "headers": readable(headers),
        "trailers": readable(pair for pair in trailers or () if pair[0] != DETAILS),
    }


if __name__ == "__main__":
    print(json.dumps(outcome(arguments())), flush=True)
