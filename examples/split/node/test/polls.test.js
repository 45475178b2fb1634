import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Polls } from '../dist/polls.js';

test('votes are counted', () => {
  const polls = new Polls();
  const id = polls.open('Tea?', ['yes', 'no']);
  assert.equal(polls.vote(id, 'yes'), true);
  assert.equal(polls.vote(id, 'toString'), false);
  assert.deepEqual(polls.find(id)?.votes, { yes: 1, no: 0 });
});
