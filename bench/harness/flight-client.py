"""What a client in C++ takes. Prints milliseconds.

flight-client.py ADDRESS get DATASET
flight-client.py ADDRESS put DATASET FILE
flight-client.py ADDRESS sql QUERY (Flight SQL, all rows)
flight-client.py ADDRESS small QUERY (ADBC, one connection, the median of many)
flight-client.py URL http QUERY (SQL over HTTP, as Arrow)
"""

import sys
import time

import pyarrow.flight as flight
import pyarrow.parquet as parquet

address, what, dataset = sys.argv[1:4]
if what == "small":
    import statistics

    import adbc_driver_flightsql.dbapi as adbc

    times = []
    with adbc.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        for _ in range(400):
            started = time.perf_counter()
            cursor.execute(dataset)
            cursor.fetchall()
            times.append((time.perf_counter() - started) * 1000)
    print(statistics.median(times))
    sys.exit()
if what == "http":
    import json
    import urllib.request

    import pyarrow

    headers = {"content-type": "application/json", "accept": "application/vnd.apache.arrow.stream"}
    started = time.perf_counter()
    request = urllib.request.Request(address, json.dumps({"sql": dataset}).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        rows = sum(batch.num_rows for batch in pyarrow.ipc.open_stream(answer))
    print((time.perf_counter() - started) * 1000)
    sys.exit()
client = flight.connect(address)
client.wait_for_available()
descriptor = flight.FlightDescriptor.for_path(dataset)
if what == "sql":
    import adbc_driver_flightsql.dbapi as adbc

    with adbc.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(dataset)
        rows = sum(batch.num_rows for batch in cursor.fetch_record_batch())
        assert rows > 0
elif what == "get":
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
