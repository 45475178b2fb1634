import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { Polls } from './polls.js';

const polls = new Polls();
polls.open('Tabs or spaces?', ['tabs', 'spaces']);

const app = new Hono();

app.post('/polls', async (c) => {
  const { question, choices } = await c.req.json();
  if (typeof question !== 'string' || !Array.isArray(choices) || choices.length < 2) {
    return c.json({ error: 'a poll has a question and two choices or more' }, 400);
  }
  return c.json({ id: polls.open(question, choices.map(String)) }, 201);
});

app.get('/polls/:id', (c) => {
  const poll = polls.find(Number(c.req.param('id')));
  return poll ? c.json(poll) : c.notFound();
});

app.post('/polls/:id/:choice', (c) => {
  const counted = polls.vote(Number(c.req.param('id')), c.req.param('choice'));
  return counted ? c.body(null, 204) : c.notFound();
});

app.use('/*', serveStatic({ root: './public' }));

const port = Number(process.env.PORT ?? 3000);
serve({ fetch: app.fetch, port }, () => console.log(`polls on port ${port}`));
