import { readFileSync } from 'node:fs';
import path from 'node:path';

const FALLBACK = 'application/octet-stream';

/** Reads nginx's mime.types: `type  extension extension;`, one or more lines each, inside `types { … }`. */
export function parseTypes(text) {
  const block = /types\s*{([^}]*)}/.exec(text.replace(/#.*$/gm, ''));
  const types = new Map();
  for (const entry of (block?.[1] ?? '').split(';')) {
    const [type, ...extensions] = entry.trim().split(/\s+/);
    for (const extension of extensions) types.set(`.${extension}`, type);
  }
  return types;
}

export function loadTypes(file) {
  const types = parseTypes(readFileSync(file, 'utf8'));
  return (name) => types.get(path.extname(name).toLowerCase()) ?? FALLBACK;
}
