// A bare Fastify server: what the same bytes cost with nothing behind them. Prints its address.
import Fastify from 'fastify';

const answer = process.argv[2] ?? '{}';
const server = Fastify();
server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
server.get('/api/v1/records/:schema/:id', (_request, reply) => reply.type('application/json').send(answer));
server.post('/api/v1/records', (_request, reply) => reply.code(201).type('application/json').send(answer));
console.log(await server.listen({ port: 0, host: '127.0.0.1' }));
