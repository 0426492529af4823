// Fastify and BullMQ: a job a request, in Redis with `appendfsync always`.
import Fastify from 'fastify';
import { Queue } from 'bullmq';
import { createHmac, timingSafeEqual } from 'node:crypto';

const [port, secret, redis] = process.argv.slice(2);
const queue = new Queue('findings', { connection: { host: '127.0.0.1', port: Number(redis) } });
await queue.waitUntilReady();

const app = Fastify({ bodyLimit: 4 * 1024 * 1024 });
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.get('/healthz', async () => 'ok');
app.post('/*', async (request, reply) => {
  const expected = Buffer.from('sha256=' + createHmac('sha256', secret).update(request.body).digest('hex'));
  const given = Buffer.from(request.headers['x-signature'] ?? '');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return reply.code(401).send();
  await queue.add('finding', JSON.parse(request.body));
  return reply.code(202).send({ accepted: 1 });
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
