// Fastify and better-sqlite3 with group commit by hand: what came in one turn of the event loop is one transaction.
import Fastify from 'fastify';
import Database from 'better-sqlite3';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const [port, secret, file] = process.argv.slice(2);
const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`CREATE TABLE IF NOT EXISTS inbox(id INTEGER PRIMARY KEY, source TEXT, fp BLOB, state INTEGER, at INTEGER,
           payload BLOB);
         CREATE INDEX IF NOT EXISTS inbox_fp ON inbox(fp);
         CREATE INDEX IF NOT EXISTS inbox_open ON inbox(id) WHERE state = 0;`);
const insert = db.prepare("INSERT INTO inbox(source, fp, state, at, payload) VALUES('bench', ?, 0, ?, ?)");
let waiting = [];
const commit = db.transaction((group) => {
  for (const { body } of group) insert.run(randomBytes(32), Date.now(), body);
});
function flush() {
  const group = waiting;
  waiting = [];
  try {
    commit(group);
    for (const { resolve } of group) resolve();
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}
const durable = (body) => new Promise((resolve, reject) => {
  if (waiting.length === 0) setImmediate(flush);
  waiting.push({ body, resolve, reject });
});

const app = Fastify({ bodyLimit: 4 * 1024 * 1024 });
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.get('/healthz', async () => 'ok');
app.post('/*', async (request, reply) => {
  const expected = Buffer.from('sha256=' + createHmac('sha256', secret).update(request.body).digest('hex'));
  const given = Buffer.from(request.headers['x-signature'] ?? '');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return reply.code(401).send();
  JSON.parse(request.body);
  await durable(request.body);
  return reply.code(202).send({ accepted: 1 });
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
