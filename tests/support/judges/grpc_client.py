"""A gRPC client that is not ours: grpcio, told by JSON lines on standard input what to call.

  {"id": 1, "op": "unary", "method": "maglev.Maglev/GetBackend", "request": {...},
   "timeout": 5, "metadata": [["authorization", "Bearer x"]]}
  {"id": 2, "op": "stream", ...}      answers come as {"id": 2, "message": {...}}
  {"id": 3, "op": "bidi", "method": ..., "requests": [{...}, ...]}
  {"id": 4, "op": "raw", "method": ..., "bytes": "base64"}
  {"id": 5, "op": "cancel", "of": 2}
  {"id": 6, "op": "connect", "target": ..., "ca": ..., "cert": ..., "key": ..., "options": {...}}

A call ends with {"id": 1, "code": "OK", "details": "", "message": {...}}. Messages are in the
standard JSON form. The first argument is a FileDescriptorSet of protoc's.
"""
import base64
import json
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

POOL = descriptor_pool.DescriptorPool()
with open(sys.argv[1], "rb") as source:
    for file in descriptor_pb2.FileDescriptorSet.FromString(source.read()).file:
        POOL.Add(file)
FACTORY = message_factory.MessageFactory(POOL)
LOCK = threading.Lock()
CALLS = {}
STATE = {"channel": None}


def say(value):
    with LOCK:
        print(json.dumps(value), flush=True)


def as_json(message):
    return json_format.MessageToDict(message, including_default_value_fields=True)


def read(path):
    with open(path, "rb") as source:
        return source.read()


def connect(command):
    if STATE["channel"] is not None:
        STATE["channel"].close()
    options = list(command.get("options", {}).items())
    if command.get("ca"):
        credentials = grpc.ssl_channel_credentials(
            read(command["ca"]),
            read(command["key"]) if command.get("key") else None,
            read(command["cert"]) if command.get("cert") else None,
        )
        STATE["channel"] = grpc.secure_channel(command["target"], credentials, options)
    else:
        STATE["channel"] = grpc.insecure_channel(command["target"], options)
    say({"id": command["id"], "code": "OK", "details": ""})


def method_of(command):
    service, name = command["method"].split("/")
    try:
        found = POOL.FindServiceByName(service).methods_by_name[name]
        return FACTORY.GetPrototype(found.input_type), FACTORY.GetPrototype(found.output_type)
    except KeyError:
        raw = type("Raw", (), {"SerializeToString": lambda self: b""})
        return raw, None


def options_of(command):
    return {
        "timeout": command.get("timeout", 10),
        "metadata": [tuple(pair) for pair in command.get("metadata", [])],
    }


def finish(command, call):
    say({"id": command["id"], "code": call.code().name, "details": call.details() or ""})


def unary(command):
    request_type, response_type = method_of(command)
    call = STATE["channel"].unary_unary(
        "/" + command["method"],
        request_serializer=lambda value: value,
        response_deserializer=lambda value: value,
    )
    if command["op"] == "raw":
        body = base64.b64decode(command["bytes"])
    elif response_type is None:
        body = b""
    else:
        body = json_format.ParseDict(command.get("request", {}), request_type()).SerializeToString()
    future = call.future(body, **options_of(command))
    CALLS[command["id"]] = future

    def done(call):
        answer = {"id": command["id"], "code": call.code().name, "details": call.details() or ""}
        if call.code() == grpc.StatusCode.OK:
            answer["message"] = as_json(response_type.FromString(call.result()))
            answer["size"] = len(call.result())
        say(answer)

    future.add_done_callback(done)


def stream(command):
    request_type, response_type = method_of(command)
    options = options_of(command)
    if command["op"] == "bidi":
        requests = [json_format.ParseDict(one, request_type()) for one in command["requests"]]
        call = STATE["channel"].stream_stream(
            "/" + command["method"],
            request_serializer=request_type.SerializeToString,
            response_deserializer=response_type.FromString,
        )(iter(requests), **options)
    else:
        call = STATE["channel"].unary_stream(
            "/" + command["method"],
            request_serializer=request_type.SerializeToString,
            response_deserializer=response_type.FromString,
        )(json_format.ParseDict(command.get("request", {}), request_type()), **options)
    CALLS[command["id"]] = call

    def follow():
        try:
            for message in call:
                say({"id": command["id"], "message": as_json(message)})
        except grpc.RpcError:
            pass
        finish(command, call)

    threading.Thread(target=follow, daemon=True).start()


def cancel(command):
    CALLS[command["of"]].cancel()
    say({"id": command["id"], "code": "OK", "details": ""})


OPERATIONS = {
    "connect": connect,
    "unary": unary,
    "raw": unary,
    "stream": stream,
    "bidi": stream,
    "cancel": cancel,
}

for line in sys.stdin:
    command = json.loads(line)
    OPERATIONS[command["op"]](command)
