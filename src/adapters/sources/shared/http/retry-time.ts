/** A number of seconds above this is a moment, not a span. */
const MOMENT_SECONDS = 1e9;

/**
 * When a server wants to be asked again, in milliseconds since 1970: `Retry-After` (RFC 9110, seconds or a date), else
 * `RateLimit-Reset` or `X-RateLimit-Reset` (seconds, or the moment in seconds); null where it names no time.
 */
export function retryTime(headers: Headers, now: number): number | null {
  const text = headers.get('retry-after') ?? headers.get('ratelimit-reset') ?? headers.get('x-ratelimit-reset');
  if (text === null) return null;
  if (/^\d+(\.\d+)?$/.test(text.trim())) {
    const seconds = Number(text);
    return seconds > MOMENT_SECONDS ? seconds * 1000 : now + seconds * 1000;
  }
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : date;
}
