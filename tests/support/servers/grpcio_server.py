"""A gRPC server (grpcio) with the standard health service, as a program: grpc_health.ts in Python.
Not grpc_health.py, because grpcio imports a module of that name.

Argument: addresses to listen on, comma-separated. The server as a whole and acme.v1.Orders are
SERVING, acme.v1.Sick is NOT_SERVING, others are unknown.
"""
import sys
from concurrent import futures

import grpc

STATUS = {b"": 1, b"acme.v1.Orders": 1, b"acme.v1.Sick": 2}


def check(request, context):
    """Messages are passed as bytes: field 1 of the request is the service's name."""
    serving = STATUS.get(request[2:])
    if serving is None:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes([8, serving])


server = grpc.server(futures.ThreadPoolExecutor(4))
method = grpc.unary_unary_rpc_method_handler(check)
handler = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method})
server.add_generic_rpc_handlers((handler,))
for address in sys.argv[1].split(","):
    server.add_insecure_port(address)
server.start()
server.wait_for_termination()
