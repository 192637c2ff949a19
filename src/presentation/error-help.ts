import { ERROR_TITLES, type ErrorCode } from '#domain/errors.ts';
import { PROBLEMS } from './problem.ts';

/** For each code, when it comes and what to do: the text of `docs/reference/errors.md` and of the page the server shows. */
const ERROR_HELP: Readonly<Record<ErrorCode, string>> = {
  invalid_value:
    'A row, or a part of one, breaks the rules of its dataset: a wrong type, a missing required property, a bound, a pattern, an unknown property. `errors` names each value by its place in what was sent. Correct those and send it again; nothing was stored.',
  invalid_body:
    'The body is not what the address takes: no JSON, cut off, not UTF-8, a missing or unknown member, an empty list. Nothing was stored.',
  invalid_filter:
    'A condition names a field that is not there, an operator that does not fit the type, or a value that breaks the rule of the type. `errors` has the place of each.',
  invalid_sort:
    'A sort key names a field that is not there or has no order (JSON), or an order other than `asc` and `desc`.',
  invalid_page:
    '`page` or `size` lies outside its limits, or `cursor` was not given out for this query. Take `next_cursor` as it came, with the same filters and sort.',
  invalid_parameter:
    'A parameter of the address or a header is unknown, given twice or has a wrong value; a malformed id is one. The message says which.',
  invalid_sql:
    'The query is not one readable SELECT over the datasets, names something that is not there, or cannot be computed (a cast, a number out of range). The message says what. `docs/guides/sql.md` lists what may be used.',
  unauthorized:
    'The server has `API_TOKENS`, and the request came without a token or with a wrong one. Send `Authorization: Bearer SECRET`. Events for a pipeline need the signature that its file asks for.',
  forbidden:
    'The token has a lesser right than this needs, the dataset is one that the platform keeps itself (`"system": true`), or the request came from a web page or by a host name that the server does not serve (`CORS_ORIGINS`, `ALLOWED_HOSTS`).',
  unknown_dataset: 'No dataset of this name is served. `GET /api/v1/schemas` lists those that are.',
  unknown_record: 'The dataset has no record with this id or key, or it has been deleted.',
  unknown_analysis:
    'No analysis has this id. Results are kept until newer ones need the place (`ANALYSIS_KEEP`), and not over a restart; ask for it anew.',
  unknown_pipeline: 'No pipeline of this name is there. `GET /api/v1/pipelines` lists those that are.',
  unknown_run: 'No run of a pipeline has this id, or it is older than those that are kept.',
  unknown_route: 'The server has nothing at this address. `GET /` lists what it has.',
  method_not_allowed: 'The address exists and does not take this method; `Allow` lists those it takes.',
  not_acceptable: 'None of the formats that `Accept` names can be had here; the message lists those that can.',
  query_timeout:
    'A page, a count or a stream took longer than its limit (`QUERY_TIMEOUT_MS`, `STREAM_MAX_AGE_MS`) and was stopped. Narrow the filters, take smaller parts, or raise the limit.',
  key_exists:
    'A record with this natural key, unique value or id exists already; nothing was stored. Where that is expected, send `on_conflict=ignore` or `on_conflict=update`.',
  idempotency_mismatch: 'The `Idempotency-Key` was used for another body. Take a new key for a new request.',
  pipeline_busy: 'A pipeline has one run at a time, and one is under way. Wait for its end, or cancel it.',
  later_work:
    'Records that a run made or changed were changed again since, so that the run cannot be rolled back without losing that. `details.records` lists them; roll back the later runs first, or mend the records by hand.',
  source_failed:
    'The source of a pipeline could not be reached, answered with an error, or sent what cannot be read. What was stored before stands, and the next run goes on behind it.',
  history_trimmed:
    'The changes asked for lie before what `HISTORY_RETENTION` keeps. Read the dataset anew, then follow the changes from there.',
  version_moved:
    'The record has another version than `If-Match` names: somebody changed it. Read it again, and decide again.',
  too_large:
    'The body, the address or the headers are larger than the limit. Send the rows in parts or as an upload, long filters in a body.',
  unsupported_by_engine:
    'The engine that keeps the records (`DB_ENGINE`) cannot do this: the memory engine runs no SQL.',
  unsupported_media_type:
    'The `Content-Type` or the `Content-Encoding` of the body is not taken at this address; the message lists what is.',
  too_many_requests:
    'So many requests wait already that this one would only make it worse. Send it again after a moment (`Retry-After`).',
  internal: 'A fault of ours. The log of the server has more under the `X-Request-Id` of the answer; please report it.',
  unavailable: 'The store or the server is starting, stopping or away. The same request may succeed later.',
  resources_exhausted:
    'The request needs more memory or disk than the engine has. Nothing was stored and the server is well. Send less at once, raise `ENGINE_MEMORY`, or free some disk.',
  cancelled:
    'The client closed the connection before its answer was ready. Nothing was stored by an upload that was cut off.',
  incompatible_schema:
    'A dataset file asks for more than a safe change of what is stored. Nothing was touched. `forge schema plan NAME` shows the difference, `forge schema apply NAME` carries it out after a backup.',
  invalid_dataset_file:
    'A dataset file has faults; each is told with its file, its line and what to write instead. What was served before is served on.',
  invalid_pipeline_file:
    'A pipeline file has faults; each is told with its file, its line and what to write instead. The pipelines that were there before go on.',
  invalid_configuration:
    'A setting has a value it cannot have, or settings contradict each other; each is told at once. The server does not start.',
  store_locked: 'Another process has the store open. Stop it, or set `DATA_DIR` to another folder.',
  store_read_only:
    'The store or its folder cannot be written by this user. Give write access, or set `DATA_DIR` to another folder.',
  store_newer:
    'The store was written by a newer version of Data Forge. Start that version, or restore a backup of this one.',
  store_damaged:
    'The store cannot be read. Restore a backup with `forge restore`, or move the file away to begin anew.',
  store_unfinished:
    'The store is a copy that `forge migrate` has begun and not finished, or one that came out different from its source. Run the same command again, or remove the copy and begin anew.',
};

/** The text of `docs/reference/errors.md`. */
export function errorsPage(): string {
  const sections = codes().map((code) => {
    const { http, grpc, graphql, webSocketClose, exit } = PROBLEMS[code];
    const facts = `HTTP ${http} · gRPC ${grpc} · GraphQL \`${graphql}\` · WebSocket close ${webSocketClose} · exit code ${exit}`;
    return `## ${code}\n\n${ERROR_TITLES[code]}. ${facts}\n\n${ERROR_HELP[code]}`;
  });
  return `# Errors\n\n${INTRODUCTION}\n\n${sections.join('\n\n')}\n`;
}

/** The same as a page of HTML that needs nothing else. */
export function errorsHtml(): string {
  const sections = codes().map((code) => {
    const { http, exit } = PROBLEMS[code];
    const title = `<h2 id="${code}">${code}</h2><p><b>${ERROR_TITLES[code]}.</b> HTTP ${http}, exit code ${exit}.</p>`;
    return `${title}<p>${toHtml(ERROR_HELP[code])}</p>`;
  });
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Errors of Data Forge</title>' +
    '<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}:target{background:#fc06}</style>' +
    `<h1>Errors</h1><p>${toHtml(INTRODUCTION)}</p>${sections.join('')}</html>`
  );
}

const INTRODUCTION =
  'Every error has a code, which never changes, and a message that says what is wrong and how to mend it. Over REST it is an\n' +
  '`application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, `code`, `instance`, and where several values are\n' +
  'wrong `errors`, a list of `{pointer, message}`.';

function codes(): ErrorCode[] {
  return Object.keys(ERROR_TITLES) as ErrorCode[];
}

function toHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/`([^`]+)`/g, '<code>$1</code>');
}
