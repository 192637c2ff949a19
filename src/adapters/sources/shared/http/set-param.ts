/**
 * Gives a parameter of an address a value and leaves the others as they are written: what a server has made is not to be
 * spelled anew, and some take `%20` for a blank and no `+`.
 */
export function setParam(url: URL, name: string, value: string): void {
  const parts = withoutParam(url, name);
  parts.push(`${encode(name)}=${encode(value)}`);
  url.search = parts.join('&');
}

/** Takes a parameter out of an address, in the same way. */
export function dropParam(url: URL, name: string): void {
  url.search = withoutParam(url, name).join('&');
}

function withoutParam({ search }: URL, name: string): string[] {
  const parts = search.slice(1).split('&');
  return parts.filter((part) => part !== '' && !new URLSearchParams(part).has(name));
}

/** `$` begins the names of OData's own parameters, and `,` and `:` are plain enough in all of them. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/%24/g, '$').replace(/%2C/g, ',').replace(/%3A/g, ':');
}
