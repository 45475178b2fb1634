import { createHash, timingSafeEqual } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { loadTypes } from './content-types.js';

const directory = process.env.UPLOAD_DIR ?? 'uploads';
const password = process.env.UPLOAD_PASSWORD ?? '';
const port = Number(process.env.PORT ?? 3000);
const limits = JSON.parse(readFileSync(process.env.LIMITS ?? '/etc/filedrop/limits.json', 'utf8'));
const typeOf = loadTypes(process.env.MIME_TYPES ?? '/etc/mime.types');

const NAME = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$/;
const digest = (text) => createHash('sha256').update(text).digest();

function reply(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function fail(status, message) {
  return Object.assign(new Error(message), { status });
}

async function upload(request, name) {
  if (!password || !timingSafeEqual(digest(request.headers['x-password'] ?? ''), digest(password))) {
    throw fail(401, 'wrong password');
  }
  const names = await readdir(directory);
  if (!names.includes(name) && names.length >= limits.maxFiles) throw fail(507, 'too many files');

  let size = 0;
  const counted = new Transform({
    transform(chunk, _encoding, done) {
      size += chunk.length;
      done(size > limits.maxBytes ? fail(413, 'file too large') : null, chunk);
    },
  });
  // A name never starts with a dot, so half an upload is not listed and cannot be fetched.
  const temporary = path.join(directory, `.${process.hrtime.bigint()}`);
  try {
    await pipeline(request, counted, createWriteStream(temporary, { mode: 0o640 }));
    await rename(temporary, path.join(directory, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return size;
}

async function handle(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (request.method === 'GET' && pathname === '/api/files') {
    const names = (await readdir(directory)).filter((name) => NAME.test(name)).sort();
    return reply(response, 200, names.map((name) => ({ name, type: typeOf(name) })));
  }

  const match = /^\/api\/files\/([^/]+)$/.exec(pathname);
  let name = '';
  try {
    name = match ? decodeURIComponent(match[1]) : '';
  } catch {
    // An invalid escape is an invalid name.
  }
  if (!NAME.test(name)) throw fail(404, 'no such file');

  if (request.method === 'PUT') {
    return reply(response, 201, { name, size: await upload(request, name) });
  }
  if (request.method === 'GET') {
    const file = path.join(directory, name);
    const { size } = await stat(file);
    response.writeHead(200, {
      'content-type': typeOf(name),
      'content-length': size,
      'content-disposition': `attachment; filename="${name}"`,
      'x-content-type-options': 'nosniff',
    });
    return pipeline(createReadStream(file), response);
  }
  throw fail(405, 'method not allowed');
}

await mkdir(directory, { recursive: true });
const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    if (response.headersSent) return response.destroy();
    const status = error.status ?? (error.code === 'ENOENT' ? 404 : 500);
    if (status === 500) console.error(error);
    reply(response, status, { error: status === 500 ? 'internal error' : error.message });
  });
});
server.listen(port, () => console.log(`filedrop listening on ${port}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
