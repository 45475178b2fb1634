// Makes a page of every recipe, and a list of them: `node build.js pages dist`.
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { marked } from 'marked';

const [from, to] = process.argv.slice(2);
const title = process.env.SITE_TITLE ?? 'Cookbook';
const layout = await readFile('theme/page.html', 'utf8');
const page = (heading, body) =>
  layout.replaceAll('{{title}}', () => `${heading} – ${title}`).replace('{{body}}', () => body);

await rm(to, { recursive: true, force: true });
await mkdir(to, { recursive: true });
await cp('theme/style.css', join(to, 'style.css'));

const links = [];
for (const file of (await readdir(from)).filter((name) => name.endsWith('.md')).sort()) {
  const name = basename(file, '.md');
  const text = await readFile(join(from, file), 'utf8');
  const heading = /^# (.+)$/m.exec(text)?.[1] ?? name;
  await writeFile(join(to, `${name}.html`), page(heading, marked.parse(text)));
  links.push(`<li><a href="${name}.html">${heading}</a></li>`);
}
await writeFile(join(to, 'index.html'), page('All recipes', `<h1>${title}</h1><ul>${links.join('')}</ul>`));
console.log(`${links.length} recipes in ${to}`);
