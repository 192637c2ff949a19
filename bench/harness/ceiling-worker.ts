// A bare Fastify server: what the same bytes cost with nothing behind them. Prints its address.
import Fastify, { type FastifyReply } from 'fastify';
import type { CeilingAnswer } from './ceiling.ts';

const { status, headers, body }: CeilingAnswer = JSON.parse(process.argv[2] ?? '');
const answer = (reply: FastifyReply) => reply.code(status).headers(headers).send(body);
const server = Fastify();
server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => done(null, text));
server.get('/api/v1/records/:schema/:id', (_request, reply) => answer(reply));
server.post('/api/v1/records', (_request, reply) => answer(reply));
console.log(await server.listen({ port: 0, host: '127.0.0.1' }));
