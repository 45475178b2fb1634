import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createApp } from '../src/app.js';
import { LinkStore } from '../src/store.js';

const token = 'only-for-tests';
let directory;
let server;
let base;

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'shortlinks-'));
  const store = await new LinkStore(path.join(directory, 'links.json')).load();
  server = createApp({ store, token });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${server.address().port}`;
});

after(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

const create = (body, bearer = token) =>
  fetch(`${base}/links`, { method: 'POST', headers: { authorization: `Bearer ${bearer}` }, body });

test('a link redirects and survives a restart', async () => {
  const created = await create(JSON.stringify({ url: 'https://example.com/a?b=c' }));
  assert.equal(created.status, 201);
  const { id } = await created.json();

  const followed = await fetch(`${base}/${id}`, { redirect: 'manual' });
  assert.equal(followed.status, 302);
  assert.equal(followed.headers.get('location'), 'https://example.com/a?b=c');

  const reloaded = await new LinkStore(path.join(directory, 'links.json')).load();
  assert.equal(reloaded.get(id).url, 'https://example.com/a?b=c');
});

test('writing needs the token', async () => {
  assert.equal((await create('{"url":"https://example.com"}', 'wrong')).status, 401);
  assert.equal((await fetch(`${base}/anything`, { method: 'DELETE' })).status, 401);
});

test('bad input is refused', async () => {
  assert.equal((await create('not json')).status, 400);
  assert.equal((await create('{"url":"ftp://example.com"}')).status, 422);
  assert.equal((await create(JSON.stringify({ url: 'x'.repeat(20_000) }))).status, 413);
});
