#!/usr/bin/python3
"""The README's Python example: propose a change, read it back, with stock gRPC and generated stubs.

Usage: propose_and_read.py HOST:PORT[,HOST:PORT...]
"""
import sys

import grpc
from raft.v1 import consensus_service_pb2 as raft
from raft.v1 import consensus_service_pb2_grpc as raft_grpc


def call_leader(endpoints, method, request):
    """Calls `method` on whichever server leads.

    A server that does not lead answers UNAVAILABLE with our details in its trailers: the call was
    certainly not started and may be sent elsewhere. Without them the error was made by a transport
    and the outcome of a proposal is unknown: that is the caller's to judge.
    """
    tried = 0
    endpoint = endpoints[0]
    while True:
        with grpc.insecure_channel(endpoint, options=[("grpc.enable_retries", 0)]) as channel:
            stub = raft_grpc.ConsensusServiceStub(channel)
            try:
                return getattr(stub, method)(request, timeout=5)
            except grpc.RpcError as error:
                trailers = dict(error.trailing_metadata() or ())
                tried += 1
                certainly_not_started = "grpc-status-details-bin" in trailers
                if error.code() != grpc.StatusCode.UNAVAILABLE or tried > 3 * len(endpoints):
                    raise
                if method == "Propose" and not certainly_not_started:
                    raise
                # The trailer names the leader; without one, ask the next server.
                endpoint = trailers.get("raft-leader-address", endpoints[tried % len(endpoints)])


def main():
    endpoints = sys.argv[1].split(",")
    put = raft.ProposeRequest()
    put.command.put.key = b"colour"
    put.command.put.value = b"blue"
    written = call_leader(endpoints, "Propose", put)
    print(f"proposed: revision {written.index}")

    get = raft.ReadRequest()
    get.query.get.key = b"colour"
    answer = call_leader(endpoints, "Read", get)
    print(f"read: {answer.items[0].value.decode()} at revision {answer.items[0].modified_revision}")


if __name__ == "__main__":
    main()
