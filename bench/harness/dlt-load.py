"""Loads NDJSON from an address into DuckDB by dlt: argv is the address, a folder to work in, and how rows are handed over.
The seconds it took and the rows that are there are printed as JSON."""

import io
import json
import sys
import time

import dlt
import duckdb
import pyarrow as pa
import pyarrow.json
import requests

url, folder, road = sys.argv[1:4]
database = f"{folder}/dlt-{road}.duckdb"


def objects():
    with requests.get(url, stream=True) as response:
        rows = []
        for line in response.iter_lines(chunk_size=1 << 20):
            rows.append(json.loads(line))
            if len(rows) == 50_000:
                yield rows
                rows = []
        yield rows


def tables():
    types = pa.schema([("date", pa.timestamp("us", "UTC")), ("delay", pa.int64()), ("distance", pa.int64()),
                       ("origin", pa.string()), ("destination", pa.string())])
    options = pyarrow.json.ParseOptions(explicit_schema=types)
    with requests.get(url, stream=True) as response:
        rest = b""
        for chunk in response.iter_content(8 << 20):
            whole, _, tail = (rest + chunk).rpartition(b"\n")
            rest = tail
            if whole:
                yield pyarrow.json.read_json(io.BytesIO(whole + b"\n"), parse_options=options)
        if rest:
            yield pyarrow.json.read_json(io.BytesIO(rest), parse_options=options)


columns = {"date": {"data_type": "timestamp"}} if road == "objects" else None
resource = dlt.resource({"objects": objects, "tables": tables}[road], name="flights", columns=columns)
pipeline = dlt.pipeline("flights", pipelines_dir=f"{folder}/dlt-{road}", dataset_name="main",
                        destination=dlt.destinations.duckdb(database))
started = time.perf_counter()
pipeline.run(resource)
seconds = time.perf_counter() - started
rows = duckdb.connect(database).sql("SELECT count(*) FROM main.flights").fetchall()[0][0]
print(json.dumps({"seconds": seconds, "rows": rows}))
