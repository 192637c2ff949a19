"""What people's own tools do with a server: python clients.py ADDRESS. Prints one JSON object."""

import datetime
import decimal
import json
import sys

import adbc_driver_flightsql.dbapi as adbc
import pandas
import polars
import pyarrow as pa
import pyarrow.flight as flight

address = sys.argv[1]
client = flight.connect(address)
rows = pa.table({"text": [f"row {i}" for i in range(50_000)], "rank": list(range(50_000))})
found = {}


def read(descriptor):
    info = client.get_flight_info(descriptor)
    return client.do_get(info.endpoints[0].ticket).read_all()


writer, reader = client.do_put(flight.FlightDescriptor.for_path("notes"), rows.schema)
writer.write_table(rows, max_chunksize=10_000)
writer.done_writing()
found["put"] = json.loads(reader.read().to_pybytes())
writer.close()

found["twice"] = []
once = flight.FlightCallOptions(headers=[(b"idempotency-key", b"late-1")])
for _ in range(2):
    late = pa.table({"text": ["once"], "rank": [50_000]})
    writer, reader = client.do_put(flight.FlightDescriptor.for_path("notes"), late.schema, once)
    writer.write_table(late)
    writer.done_writing()
    found["twice"].append(json.loads(reader.read().to_pybytes())["created"])
    writer.close()

found["flights"] = sorted(info.descriptor.path[0].decode() for info in client.list_flights())
table = read(flight.FlightDescriptor.for_path("notes")).sort_by("rank").slice(0, 50_000)
found["same"] = table.column("text").to_pylist() == rows.column("text").to_pylist()
found["schema"] = client.get_schema(flight.FlightDescriptor.for_path("notes")).schema.names

with adbc.connect(address, autocommit=True) as connection, connection.cursor() as cursor:

    def query(sql, parameters=None):
        cursor.execute(sql, parameters)
        return cursor.fetch_arrow_table().to_pylist()

    found["sql"] = query("SELECT count(*) AS n, max(rank) AS most FROM notes")
    found["parameters"] = query("SELECT text, ? AS word FROM notes WHERE rank < ? ORDER BY rank", ("hi", 2))
    found["moments"] = query(
        "SELECT DATE '2020-02-29' = ? AS d, TIMESTAMP '1969-12-31 23:59:59.000001' = ? AS t,"
        " 12.345::DECIMAL(9, 3) = ? AS n, ? AS b, TIME '01:02:03' = ? AS c",
        (
            datetime.date(2020, 2, 29),
            datetime.datetime(1969, 12, 31, 23, 59, 59, 1),
            decimal.Decimal("12.345"),
            True,
            datetime.time(1, 2, 3),
        ),
    )
    found["nested"] = query("SELECT [1, 2] AS l, {'a': 1} AS s, NULL AS z, DATE '2020-02-29' = '2020-02-29' AS b")
    found["ingested"] = cursor.adbc_ingest("notes", pa.table({"text": ["late"], "rank": [-1]}), mode="append")
    try:
        cursor.adbc_ingest("new_table", pa.table({"a": [1]}), mode="create")
    except adbc.Error as error:
        found["create"] = str(error)
    try:
        query("DROP TABLE notes")
    except adbc.Error as error:
        found["drop"] = str(error)
    found["after"] = query("SELECT count(*) AS n FROM notes")
    found["info"] = {str(key): value for key, value in connection.adbc_get_info().items()}
    found["types"] = connection.adbc_get_table_types()
    found["table_schema"] = connection.adbc_get_table_schema("notes").names
    objects = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
    schemas = objects[0]["catalog_db_schemas"]
    found["tables"] = sorted(table["table_name"] for table in schemas[0]["db_schema_tables"])

    rows_of = "SELECT text, rank FROM notes WHERE rank BETWEEN 0 AND 2 ORDER BY rank"
    found["polars"] = polars.read_database(rows_of, connection).to_dicts()
    found["pandas"] = pandas.read_sql(rows_of, connection).to_dict("records")

# The second server speaks TLS and asks for a token.
if len(sys.argv) > 2:
    secure, certificate, token = sys.argv[2:5]
    with open(certificate, "rb") as file:
        trusted = file.read()
    bearer = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer " + token.encode())])
    with flight.connect(secure, tls_root_certs=trusted) as over_tls:
        found["tls"] = [info.descriptor.path[0].decode() for info in over_tls.list_flights(options=bearer)]
        try:
            list(over_tls.list_flights())
        except flight.FlightUnauthenticatedError:
            found["no_token"] = "refused"
    options = {
        "adbc.flight.sql.client_option.tls_root_certs": trusted.decode(),
        "adbc.flight.sql.authorization_header": "Bearer " + token,
    }
    with adbc.connect(secure, db_kwargs=options, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS one")
        found["tls_sql"] = cursor.fetch_arrow_table().to_pylist()

print(json.dumps(found))
