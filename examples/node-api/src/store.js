import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Links kept in memory and written through to one JSON file. */
export class LinkStore {
  #file;
  #links = new Map();
  #pending = Promise.resolve();

  constructor(file) {
    this.#file = file;
  }

  async load() {
    await mkdir(path.dirname(this.#file), { recursive: true });
    try {
      this.#links = new Map(Object.entries(JSON.parse(await readFile(this.#file, 'utf8'))));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
    return this;
  }

  get(id) {
    return this.#links.get(id);
  }

  get size() {
    return this.#links.size;
  }

  async set(id, link) {
    this.#links.set(id, link);
    await this.#save();
  }

  async delete(id) {
    const existed = this.#links.delete(id);
    if (existed) await this.#save();
    return existed;
  }

  // Writes queue up behind each other, and a rename replaces the file in one step: a crash never leaves half a file.
  #save() {
    const write = async () => {
      const temporary = `${this.#file}.tmp`;
      await writeFile(temporary, JSON.stringify(Object.fromEntries(this.#links), null, 2));
      await rename(temporary, this.#file);
    };
    this.#pending = this.#pending.then(write, write);
    return this.#pending;
  }
}
