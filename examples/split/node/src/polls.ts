export interface Poll {
  question: string;
  votes: Record<string, number>;
}

/** Polls in memory: they are gone when the server stops. */
export class Polls {
  readonly #polls: Poll[] = [];

  open(question: string, choices: string[]): number {
    this.#polls.push({ question, votes: Object.fromEntries(choices.map((choice) => [choice, 0])) });
    return this.#polls.length - 1;
  }

  find(id: number): Poll | undefined {
    return this.#polls[id];
  }

  vote(id: number, choice: string): boolean {
    const votes = this.#polls[id]?.votes;
    if (!votes || !Object.hasOwn(votes, choice)) return false;
    votes[choice] += 1;
    return true;
  }
}
