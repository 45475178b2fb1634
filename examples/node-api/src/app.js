import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { nanoid } from 'nanoid';

const BODY_LIMIT = 16 * 1024;

class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function send(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function readJson(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new HttpError(413, 'body too large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HttpError(400, 'body is not JSON');
  }
}

function requireToken(request, token) {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (!token || given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    throw new HttpError(401, 'missing or wrong token');
  }
}

function targetOf(body) {
  let url;
  try {
    url = new URL(body?.url);
  } catch {
    throw new HttpError(422, 'url is not a valid URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new HttpError(422, 'only http and https');
  return url.href;
}

async function route(request, response, { store, token }) {
  const { pathname } = new URL(request.url, 'http://localhost');

  if (request.method === 'GET' && pathname === '/healthz') {
    return send(response, 200, { status: 'ok', links: store.size });
  }
  if (request.method === 'POST' && pathname === '/links') {
    requireToken(request, token);
    const url = targetOf(await readJson(request));
    const id = nanoid(8);
    await store.set(id, { url, created: new Date().toISOString() });
    return send(response, 201, { id, url });
  }

  const id = pathname.slice(1);
  if (request.method === 'DELETE') {
    requireToken(request, token);
    if (!(await store.delete(id))) throw new HttpError(404, 'no such link');
    return response.writeHead(204).end();
  }
  if (request.method === 'GET') {
    const link = store.get(id);
    if (!link) throw new HttpError(404, 'no such link');
    return response.writeHead(302, { location: link.url }).end();
  }
  throw new HttpError(405, 'method not allowed');
}

export function createApp(options) {
  return createServer((request, response) => {
    route(request, response, options).catch((error) => {
      if (!error.status) console.error(error);
      send(response, error.status ?? 500, { error: error.status ? error.message : 'internal error' });
    });
  });
}
