import { CLIENT_MESSAGE_HELP, SERVER_MESSAGES } from './asyncapi.ts';

type Members = readonly { readonly name: string; readonly description: string; readonly isRequired: boolean }[];

/** `docs/reference/websocket.md`, made of the tables that the AsyncAPI document is made of. */
export function webSocketPage(): string {
  const client = Object.entries(CLIENT_MESSAGE_HELP).map(([type, help]) => section(type, help.summary, help.members));
  const server = Object.entries(SERVER_MESSAGES).map(([type, said]) => {
    const optional: readonly string[] = 'optional' in said ? said.optional : [];
    const members = Object.entries<Readonly<Record<string, unknown>>>(said.members).map(([name, schema]) => {
      return { name, description: String(schema.description ?? ''), isRequired: !optional.includes(name) };
    });
    return section(type, said.summary, members);
  });
  return `# WebSocket

The messages of \`/ws\`. Each is one JSON object in a text frame, and has a \`type\`. \`GET /asyncapi.json\` describes them for
machines (AsyncAPI 3). This page is made of the same tables. How to use them is in
[talk over WebSocket](../guides/websocket.md).

An answer has the \`id\` of what was asked. Values are as in the [REST API](api.md), and exact; what is wrong is told by
an \`error\` with a code of the [catalogue](errors.md), and the connection stays open. It is closed with 1000 when nothing was
asked for long, 1001 when the server stops, 1007 for what is no UTF-8, 1008 without a right token, 1009 for a message that
is too large, and 1013 when its client reads too slowly.

## What a client says

${client.join('\n')}
## What the server says

${server.join('\n')}`;
}

function section(type: string, summary: string, members: Members): string {
  const rows = members.map(
    ({ name, description, isRequired }) => `| \`${name}\` | ${isRequired ? 'always' : ''} | ${description} |`,
  );
  const table = rows.length === 0 ? '' : `\n| member | | |\n|---|---|---|\n${rows.join('\n')}\n`;
  return `### ${type}\n\n${summary}\n${table}`;
}
