"""What a client in C++ takes: flight-client.py ADDRESS get DATASET, or ADDRESS put DATASET FILE. Prints milliseconds."""

import sys
import time

import pyarrow.flight as flight
import pyarrow.parquet as parquet

address, what, dataset = sys.argv[1:4]
client = flight.connect(address)
client.wait_for_available()
descriptor = flight.FlightDescriptor.for_path(dataset)
if what == "get":
    started = time.perf_counter()
    info = client.get_flight_info(descriptor)
    rows = sum(chunk.data.num_rows for chunk in client.do_get(info.endpoints[0].ticket))
    assert rows == info.total_records, rows
else:
    table = parquet.read_table(sys.argv[4])
    started = time.perf_counter()
    writer, results = client.do_put(descriptor, table.schema)
    writer.write_table(table)
    writer.done_writing()
    results.read()
    writer.close()
print((time.perf_counter() - started) * 1000)
