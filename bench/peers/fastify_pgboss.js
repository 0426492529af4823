// Fastify and pg-boss: a job a request, in PostgreSQL.
import Fastify from 'fastify';
import PgBoss from 'pg-boss';
import { createHmac, timingSafeEqual } from 'node:crypto';

const [port, secret, url] = process.argv.slice(2);
const boss = new PgBoss({ connectionString: url, max: 20 });
boss.on('error', (error) => console.error(error));
await boss.start();
await boss.createQueue('findings');

const app = Fastify({ bodyLimit: 4 * 1024 * 1024 });
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.get('/healthz', async () => 'ok');
app.post('/*', async (request, reply) => {
  const expected = Buffer.from('sha256=' + createHmac('sha256', secret).update(request.body).digest('hex'));
  const given = Buffer.from(request.headers['x-signature'] ?? '');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return reply.code(401).send();
  await boss.send('findings', JSON.parse(request.body));
  return reply.code(202).send({ accepted: 1 });
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
